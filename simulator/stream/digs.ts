// Moments of the run that are no longer held, made again aside: the same documents with the same acts, run a piece at a
// time whenever the rim has patience, so that nobody waits for a long re-run but whoever asked.
import type { Frame } from './frame.ts'
import type { History } from './history.ts'
import type { Run } from './run.ts'

/** Virtual time run between two looks at the rim's patience. */
const CHUNK = 20_000
/** Questions that may wait; the oldest is given up for a newer one. */
const JOBS_MAX = 16

/** A run of the past; `history` tells what is yet to be done in it. */
export interface Dug {
  run: Run
  history: History
}

/** Frames for every viewer, and for whoever asked. */
export interface Told {
  all: Frame[]
  asker: Frame[]
}

/** What was found for somebody who had to wait. */
export interface Answer extends Told {
  to: unknown
}

export interface Job {
  /** Moment that is asked for. */
  goal: number
  asker: unknown
  /** Says what is to be seen there. A run that it keeps for itself is taken by `keep`. */
  done: (dug: Dug, keep: () => void) => Told
  /** The run goes another way: what the asker is told instead. */
  lost: () => Frame[]
}

export class Digs {
  private readonly begin: () => Dug
  private dug: Dug | null = null
  private jobs: Job[] = []

  constructor(begin: () => Dug) {
    this.begin = begin
  }

  get busy(): boolean {
    return this.jobs.length > 0
  }

  /** How far the first question is; null without one. */
  get progress(): { asker: unknown; time: number; goal: number } | null {
    const [job] = this.jobs
    return job === undefined ? null : { asker: job.asker, time: this.dug?.run.edge ?? 0, goal: job.goal }
  }

  /** The run that is held of the past, wherever it stands. */
  get held(): Run | null {
    return this.dug?.run ?? null
  }

  ask(job: Job): void {
    this.jobs.push(job)
    if (this.jobs.length > JOBS_MAX) this.jobs.shift()
  }

  /** Goes on as long as patience lasts; answers in the order in which they were asked for. */
  work(patient: () => boolean): { job: Job; told: Told }[] {
    const answers: { job: Job; told: Told }[] = []
    for (let job = this.jobs[0]; job !== undefined; job = this.jobs[0]) {
      const dug = this.at(job.goal)
      while (dug.run.edge < job.goal && dug.run.mesh !== null) {
        dug.run.runTo(Math.min(job.goal, dug.run.edge + CHUNK), dug.history)
        if (!patient()) break
      }
      if (dug.run.edge < job.goal && dug.run.mesh !== null) break
      // what else belongs to this instant
      dug.run.runTo(job.goal, dug.history)
      this.jobs = this.jobs.filter(other => other !== job)
      const done = job
      answers.push({ job: done, told: done.done(dug, () => (this.dug = null)) })
      if (!patient()) break
    }
    return answers
  }

  /** Another future has begun: what was dug up is of no use, and nobody gets an answer of it. */
  clear(): Job[] {
    const { jobs } = this
    this.jobs = []
    this.dug = null
    return jobs
  }

  private at(goal: number): Dug {
    if (this.dug === null || this.dug.run.edge > goal) this.dug = this.begin()
    return this.dug
  }
}
