// The life of one pod that was born or is to die during the run (kubelet):
//
//   scheduled ──► proxy starting ──► app container (container.ts) ──► ready ⇄ not ready ──deleted──► stopping ──► gone
//
// Deletion starts two things at once: the endpoint leaves the slices (and istiod tells the proxies in its own time), and
// the containers are told to stop. Whoever still holds the old endpoint meanwhile meets a pod that no longer serves.
import { type EventHandler, type Scheduler, Timer } from '../../engine/index.ts'
import type { Workload } from '../../registry/types.ts'
import { AppContainer, BUSY_PERIOD } from './container.ts'
import type { Placement } from './nodes.ts'
import type { PodLife } from './template.ts'
import type { KubernetesHost, KubernetesTimes } from './types.ts'

const BIRTH = 1
const PROXY_PROBE = 2
const READINESS = 4
const SIGTERM = 5
const APP_DONE = 6
const SIDECAR_DONE = 7
const KILL = 8

/** Startup probe of the proxy (injection template): every second. */
const PROXY_PERIOD = 1_000_000

export class PodRun implements EventHandler {
  readonly id: string
  readonly revision: string
  readonly bornAt: number
  ready: boolean
  /** Told to stop. */
  stopping = false
  gone = false
  /** Its node has lost its power: nothing happens here any more. */
  private dark = false
  private pending = ''
  private readonly host: KubernetesHost
  private readonly scheduler: Scheduler
  private workload: Workload
  private readonly annotations: Readonly<Record<string, string>>
  private readonly life: PodLife
  private readonly changed: () => void
  private readonly app: AppContainer
  /** Looks again whether the proxy is ready. */
  private readonly proxyLook: Timer

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
    this.changed = changed
    this.ready = running
    this.proxyLook = new Timer(host.scheduler, this, READINESS)
    this.app = new AppContainer(host, this.id, life, times, () => this.look())
    if (running) this.app.adopt()
    else this.after(times.schedule, BIRTH)
  }

  get node(): string {
    return this.workload.node
  }

  /** Its node, or the one that it waits for. */
  get boundTo(): string {
    return this.workload.node || this.life.placement.node
  }

  get namespace(): string {
    return this.workload.namespace
  }

  get labels(): Readonly<Record<string, string>> {
    return this.workload.labels
  }

  get placement(): Placement {
    return this.life.placement
  }

  /** The power of its node fails: no kubelet is left to end it, or to say so. */
  goDark(): void {
    this.dark = true
    this.app.end()
  }

  /** The node controller cannot reach its node: the pod is not ready for all that anybody knows. */
  unreachable(): void {
    this.ready = false
    if (this.stopping || this.host.pod(this.id) === null) return
    this.host.mark(this.id, { ready: false, terminating: false })
    this.changed()
  }

  /** The API server has marked it for deletion. On a dark node it stays Terminating: nobody confirms its end. */
  delete(): void {
    if (this.stopping) return
    this.stopping = true
    this.ready = false
    this.app.end()
    if (this.host.pod(this.id) === null) {
      this.end()
      return
    }
    this.host.mark(this.id, { ready: false, terminating: true })
    if (this.dark) {
      this.changed()
      return
    }
    this.host.drain(this.id)
    this.after(this.life.preStop, SIGTERM)
    this.after(this.life.grace, KILL)
    // A classic sidecar gets its SIGTERM with the others: it does not wait for the application's preStop hook.
    if (this.workload.sidecar && !this.life.nativeSidecar) this.after(this.life.drain, SIDECAR_DONE)
  }

  /** Something outside has taken the pod away. */
  lost(): void {
    this.app.end()
    this.gone = true
    this.ready = false
  }

  /** The application's process exits. */
  crash(reason: string): void {
    if (!this.stopping) this.app.crash(reason)
  }

  /** Of its application's container. */
  get restarts(): number {
    return this.app.restarts
  }

  onEvent(kind: number): void {
    if (this.gone || (this.dark && !this.stopping)) return
    switch (kind) {
      case BIRTH:
        this.birth()
        return
      case PROXY_PROBE:
        if (this.stopping) return
        if (this.proxyReady()) this.app.start()
        else this.after(PROXY_PERIOD, PROXY_PROBE)
        return
      case READINESS:
        this.look()
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
    const placed = refused ? '' : this.host.schedule(this.workload, this.life.placement)
    if (typeof placed === 'string') {
      if (placed !== '' && placed !== this.pending) this.host.note(`${this.id}: FailedScheduling: ${placed}`)
      this.pending = placed
      this.after(PROXY_PERIOD, BIRTH)
      return
    }
    this.workload = placed
    if (this.host.nodes.dark.has(placed.node)) {
      this.goDark()
      return
    }
    this.host.birth(this.workload, this.annotations)
    const waits = this.workload.sidecar && (this.life.nativeSidecar || this.life.hold)
    if (waits) this.after(PROXY_PERIOD, PROXY_PROBE)
    else this.app.start()
  }

  private proxyReady(): boolean {
    const pod = this.host.pod(this.id)
    return pod === null || pod.proxy === null || (pod.proxy.live.ready && this.host.certified(this.id))
  }

  /** The pod is ready when its application's probe and its proxy's succeed. */
  private look(): void {
    if (this.stopping || this.gone) return
    const { app } = this
    if (app.ready && !this.ready && !this.proxyReady()) {
      this.proxyLook.arm(PROXY_PERIOD)
      return
    }
    if (app.ready === this.ready) return
    this.ready = app.ready
    this.host.mark(this.id, { ready: this.ready, terminating: false })
    this.changed()
  }

  private sigterm(): void {
    this.app.terminate()
    this.appDone()
  }

  private appDone(): void {
    if (this.app.busy) {
      this.after(BUSY_PERIOD, APP_DONE)
      return
    }
    // A native sidecar ends with the application; a classic one drains for its own time.
    if (!this.workload.sidecar || this.life.nativeSidecar) this.end()
  }

  private end(): void {
    if (this.gone) return
    this.gone = true
    this.app.end()
    this.host.end(this.id)
    this.changed()
  }

  private after(delay: number, kind: number): void {
    this.scheduler.after(delay, this, kind, null)
  }
}
