// One probe of a container (kubernetes: pkg/kubelet/prober/worker.go): asks every period, and changes its mind after so many
// answers of the same kind in a row. An answer that comes later than the time-out is a failure.
import { type Scheduler, type SimTime, Timer } from '../../engine/index.ts'

/** Times in µs. */
export interface ProbeSpec {
  /** httpGet's path; '' = tcpSocket, grpc or exec: the application lives and takes connections. */
  path: string
  delay: SimTime
  period: SimTime
  timeout: SimTime
  successThreshold: number
  failureThreshold: number
}

/** Asks the application; the answer comes at most once. */
export type Ask = (spec: ProbeSpec, answer: (good: boolean) => void) => void

export class Probe {
  private readonly scheduler: Scheduler
  private readonly spec: ProbeSpec
  private readonly ask: Ask
  private readonly verdict: (good: boolean) => void
  private readonly timer: Timer
  private good: boolean
  private decided: boolean
  /** Answers in a row that contradict `good`. */
  private against = 0
  /** Number of the question that is open; 0 = none. */
  private asked = 0
  private questions = 0
  private began: SimTime = 0

  /** `good`: what it believes at first; null = nothing yet. `verdict` is called whenever its mind is made up anew. */
  constructor(scheduler: Scheduler, spec: ProbeSpec, ask: Ask, good: boolean | null, verdict: (good: boolean) => void) {
    this.scheduler = scheduler
    this.spec = spec
    this.ask = ask
    this.good = good ?? false
    this.decided = good !== null
    this.verdict = verdict
    this.timer = new Timer(scheduler, this, 1)
  }

  /** The first question after `delay`. */
  start(delay: SimTime): void {
    this.timer.arm(delay)
  }

  stop(): void {
    this.timer.disarm()
    this.asked = 0
  }

  onEvent(): void {
    if (this.asked !== 0) {
      this.count(false)
      return
    }
    this.began = this.scheduler.now
    const question = ++this.questions
    this.asked = question
    this.timer.arm(this.spec.timeout)
    this.ask(this.spec, good => {
      if (this.asked === question) this.count(good)
    })
  }

  private count(good: boolean): void {
    const { spec } = this
    this.asked = 0
    this.timer.arm(Math.max(0, this.began + spec.period - this.scheduler.now))
    if (this.decided && good === this.good) {
      this.against = 0
      return
    }
    // Before its mind is made up, a row of either kind counts from its first answer.
    if (!this.decided && good !== this.good) this.against = 0
    this.good = this.decided ? this.good : good
    this.against++
    if (this.against < (good ? spec.successThreshold : spec.failureThreshold)) return
    this.good = good
    this.decided = true
    this.against = 0
    this.verdict(good)
  }
}
