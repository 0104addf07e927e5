// The application's container of one pod, as the kubelet runs it:
//
//   starting ──listens──► running ──startup probe──► probed (ready or not) ──exits, or liveness fails──► back-off ──► starting
//
// kubernetes: pkg/kubelet/kuberuntime (computePodActions, doBackOff), pkg/kubelet/prober.
import type { EventHandler, Scheduler, SimTime } from '../../engine/index.ts'
import { Probe, type ProbeSpec } from './probe.ts'
import type { PodLife } from './template.ts'
import type { KubernetesHost, KubernetesTimes } from './types.ts'

const UP = 1
const RESTART = 2
const SIGTERM = 3
const DRAINED = 4

/** Crash loop: the first restart is at once, the next waits 10 s, then twice as long each time, at most 5 min. */
const BACK_OFF = 10_000_000
const LONGEST_BACK_OFF = 300_000_000
/** After so long without a crash the row begins anew (twice the longest wait). */
const FORGIVEN = 600_000_000
/** How often it is looked whether an application that stops has ended its requests. */
export const BUSY_PERIOD = 100_000

export class AppContainer implements EventHandler {
  running = false
  /** What the readiness probe says; without one, whether it runs. */
  ready = false
  restarts = 0
  private readonly host: KubernetesHost
  private readonly scheduler: Scheduler
  private readonly pod: string
  private readonly life: PodLife
  private readonly times: KubernetesTimes
  private readonly changed: () => void
  private probes: Probe[] = []
  private backOff: SimTime = 0
  private endedAt: SimTime = -FORGIVEN
  private killAt: SimTime = 0
  private over = false
  /** Events of an earlier life of the container are worth nothing. */
  private generation = 0

  /** `pod`: `name.namespace`. `changed`: its readiness did. */
  constructor(host: KubernetesHost, pod: string, life: PodLife, times: KubernetesTimes, changed: () => void) {
    this.host = host
    this.scheduler = host.scheduler
    this.pod = pod
    this.life = life
    this.times = times
    this.changed = changed
  }

  /** It has run since before the run of the world, and all its probes have been answered. */
  adopt(): void {
    this.running = true
    this.ready = true
    const { readiness, liveness } = this.life
    if (readiness !== null) this.probeReadiness(readiness, true, readiness.period)
    if (liveness !== null) this.probeLiveness(liveness, liveness.period)
  }

  start(): void {
    const pod = this.host.pod(this.pod)
    const startUp = (pod === null ? null : this.host.applications?.startUp?.(pod)) ?? this.times.appStart
    this.later(startUp, UP)
  }

  /** The process exits by itself: a panic, or out of memory. */
  crash(reason: string): void {
    if (this.running && !this.over) this.exited(reason)
  }

  /** SIGTERM on the pod's way out: it takes no new connections, and is not started again. */
  terminate(): void {
    this.end()
    const pod = this.host.pod(this.pod)
    if (pod !== null && this.running) this.host.applications?.stop(pod)
    this.running = false
  }

  /** No more probes and no restarts; the application itself goes on until it is told. */
  end(): void {
    this.over = true
    this.ready = false
    this.stopProbes()
  }

  onEvent(kind: number, subject: unknown): void {
    if (this.over || subject !== this.generation) return
    if (kind === UP) this.up()
    else if (kind === RESTART) this.start()
    else if (kind === SIGTERM) {
      const pod = this.host.pod(this.pod)
      if (pod !== null) this.host.applications?.stop(pod)
      this.drained()
    } else if (kind === DRAINED) this.drained()
  }

  private up(): void {
    const pod = this.host.pod(this.pod)
    if (pod === null) return
    this.running = true
    this.host.applications?.start(pod)
    const { startup } = this.life
    if (startup === null) {
      this.started()
      return
    }
    const probe = this.probe(startup, null, good => {
      if (!good) {
        this.kill('the startup probe failed')
        return
      }
      probe.stop()
      this.started()
    })
    probe.start(startup.delay)
  }

  private started(): void {
    const { readiness, liveness } = this.life
    if (liveness !== null) this.probeLiveness(liveness, liveness.delay)
    if (readiness === null) this.turn(true)
    else this.probeReadiness(readiness, null, readiness.delay)
  }

  private probeReadiness(spec: ProbeSpec, good: boolean | null, delay: SimTime): void {
    this.probe(spec, good, result => this.turn(result)).start(delay)
  }

  private probeLiveness(spec: ProbeSpec, delay: SimTime): void {
    const probe = this.probe(spec, true, good => {
      if (!good) this.kill('the liveness probe failed')
    })
    probe.start(delay)
  }

  private probe(spec: ProbeSpec, good: boolean | null, verdict: (good: boolean) => void): Probe {
    const probe = new Probe(this.scheduler, spec, (asked, answer) => this.ask(asked, answer), good, verdict)
    this.probes.push(probe)
    return probe
  }

  private ask(spec: ProbeSpec, answer: (good: boolean) => void): void {
    const { applications } = this.host
    const pod = this.host.pod(this.pod)
    if (pod === null || !this.running) answer(false)
    else if (applications?.probe === undefined) answer(true)
    else applications.probe(pod, spec.path, answer)
  }

  /** The kubelet ends it as it ends a pod's: preStop, SIGTERM, grace, SIGKILL; then it is started again. */
  private kill(reason: string): void {
    this.host.note(`${this.pod}: ${reason}, the container is restarted`)
    this.stopProbes()
    this.turn(false)
    this.generation++
    this.killAt = this.scheduler.now + this.life.grace
    this.later(this.life.preStop, SIGTERM)
  }

  /** Has the application requests that it serves or that wait? */
  get busy(): boolean {
    const pod = this.host.pod(this.pod)
    const load = pod === null ? undefined : this.host.applications?.load(pod)
    return load !== undefined && load.busy + load.waiting > 0
  }

  private drained(): void {
    if (this.busy && this.scheduler.now < this.killAt) this.later(BUSY_PERIOD, DRAINED)
    else this.exited('')
  }

  private exited(reason: string): void {
    this.stopProbes()
    this.generation++
    this.running = false
    const pod = this.host.pod(this.pod)
    if (pod !== null) this.host.applications?.crash?.(pod)
    this.host.cutApplication(this.pod)
    this.restarts++
    const { now } = this.scheduler
    if (now - this.endedAt > FORGIVEN) this.backOff = 0
    this.endedAt = now
    const wait = this.backOff
    this.backOff = Math.min(LONGEST_BACK_OFF, Math.max(BACK_OFF, wait * 2))
    if (reason !== '') {
      const restart = wait === 0 ? 'restarted at once' : `CrashLoopBackOff, restarted in ${wait / 1_000_000} s`
      this.host.note(`${this.pod}: ${reason}, ${restart}`)
    }
    this.later(wait, RESTART)
    this.turn(false)
  }

  private turn(ready: boolean): void {
    if (this.ready === ready) return
    this.ready = ready
    this.changed()
  }

  private stopProbes(): void {
    for (const probe of this.probes) probe.stop()
    this.probes = []
  }

  private later(delay: SimTime, kind: number): void {
    this.scheduler.after(delay, this, kind, this.generation)
  }
}
