// The life of one pod that was born or is to die during the run (kubelet):
//
//   scheduled ──► proxy starting ──► app starting ──► running ⇄ ready ──deleted──► stopping ──► gone
//
// Deletion starts two things at once: the endpoint leaves the slices (and istiod tells the proxies in its own time), and
// the containers are told to stop. Whoever still holds the old endpoint meanwhile meets a pod that no longer serves.
import type { EventHandler, Scheduler } from '../../engine/index.ts'
import type { Workload } from '../../registry/types.ts'
import type { PodLife } from './template.ts'
import type { KubernetesHost, KubernetesTimes } from './types.ts'

const BIRTH = 1
const PROXY_PROBE = 2
const APP_UP = 3
const READINESS = 4
const SIGTERM = 5
const APP_DONE = 6
const SIDECAR_DONE = 7
const KILL = 8

/** Startup probe of the proxy (injection template): every second. */
const PROXY_PERIOD = 1_000_000
/** How often it is looked whether an application that stops has ended its requests. */
const BUSY_PERIOD = 100_000

export class PodRun implements EventHandler {
  readonly id: string
  readonly revision: string
  readonly bornAt: number
  ready: boolean
  /** Told to stop. */
  stopping = false
  gone = false
  private readonly host: KubernetesHost
  private readonly scheduler: Scheduler
  private readonly workload: Workload
  private readonly annotations: Readonly<Record<string, string>>
  private readonly life: PodLife
  private readonly times: KubernetesTimes
  private readonly changed: () => void
  private appRunning: boolean

  /** `running`: it has been there since before the run. */
  constructor(
    host: KubernetesHost,
    pod: { workload: Workload; annotations: Readonly<Record<string, string>> },
    revision: string,
    life: PodLife,
    times: KubernetesTimes,
    running: boolean,
    changed: () => void,
  ) {
    const { workload, annotations } = pod
    this.id = `${workload.name}.${workload.namespace}`
    this.revision = revision
    this.host = host
    this.scheduler = host.scheduler
    this.bornAt = host.scheduler.now
    this.workload = { ...workload, ready: false }
    this.annotations = annotations
    this.life = life
    this.times = times
    this.changed = changed
    this.ready = running
    this.appRunning = running
    if (!running) this.after(times.schedule, BIRTH)
  }

  /** The API server has marked it for deletion. */
  delete(): void {
    if (this.stopping) return
    this.stopping = true
    this.ready = false
    if (this.host.pod(this.id) === null) {
      this.end()
      return
    }
    this.host.mark(this.id, { ready: false, terminating: true })
    this.host.drain(this.id)
    this.after(this.life.preStop, SIGTERM)
    this.after(this.life.grace, KILL)
    // A classic sidecar gets its SIGTERM with the others: it does not wait for the application's preStop hook.
    if (this.workload.sidecar && !this.life.nativeSidecar) this.after(this.life.drain, SIDECAR_DONE)
  }

  /** Something outside has taken the pod away. */
  lost(): void {
    this.gone = true
    this.ready = false
  }

  onEvent(kind: number): void {
    if (this.gone) return
    switch (kind) {
      case BIRTH:
        this.birth()
        return
      case PROXY_PROBE:
        if (this.stopping) return
        if (this.proxyReady()) this.startApp()
        else this.after(PROXY_PERIOD, PROXY_PROBE)
        return
      case APP_UP:
        this.appUp()
        return
      case READINESS:
        this.probe()
        return
      case SIGTERM:
        this.sigterm()
        return
      case APP_DONE:
        this.appDone()
        return
      case SIDECAR_DONE:
        // Without its proxy the pod serves nobody, whatever the application still does.
        this.end()
        return
      case KILL:
        this.end()
    }
  }

  private birth(): void {
    if (this.stopping) {
      this.end()
      return
    }
    const refused = this.workload.sidecar && !this.host.webhook()
    if (refused || !this.host.schedulable(this.workload.locality.zone)) {
      this.after(PROXY_PERIOD, BIRTH)
      return
    }
    this.host.birth(this.workload, this.annotations)
    const waits = this.workload.sidecar && (this.life.nativeSidecar || this.life.hold)
    if (waits) this.after(PROXY_PERIOD, PROXY_PROBE)
    else this.startApp()
  }

  private proxyReady(): boolean {
    const pod = this.host.pod(this.id)
    return pod === null || pod.proxy === null || pod.proxy.live.ready
  }

  private startApp(): void {
    this.after(this.times.appStart, APP_UP)
  }

  private appUp(): void {
    const pod = this.host.pod(this.id)
    if (pod === null || this.stopping) return
    this.appRunning = true
    this.host.applications?.start(pod)
    this.after(this.life.readinessDelay, READINESS)
  }

  /** The pod is ready when its application's probe and its proxy's succeed. */
  private probe(): void {
    if (this.stopping || this.ready) return
    if (!this.proxyReady()) {
      this.after(Math.min(this.life.readinessPeriod, PROXY_PERIOD), READINESS)
      return
    }
    this.ready = true
    this.host.mark(this.id, { ready: true, terminating: false })
    this.changed()
  }

  private sigterm(): void {
    const pod = this.host.pod(this.id)
    if (pod !== null && this.appRunning) this.host.applications?.stop(pod)
    this.appRunning = false
    this.appDone()
  }

  private appDone(): void {
    const pod = this.host.pod(this.id)
    const load = pod === null ? undefined : this.host.applications?.load(pod)
    if (load !== undefined && load.busy + load.waiting > 0) {
      this.after(BUSY_PERIOD, APP_DONE)
      return
    }
    // A native sidecar ends with the application; a classic one drains for its own time.
    if (!this.workload.sidecar || this.life.nativeSidecar) this.end()
  }

  private end(): void {
    if (this.gone) return
    this.gone = true
    this.host.end(this.id)
    this.changed()
  }

  private after(delay: number, kind: number): void {
    this.scheduler.after(delay, this, kind, null)
  }
}
