// The certificates of one world: the authority, the agents, the clocks.
import type { RandomTree, Scheduler, SimTime } from '../engine/types.ts'
import type { CertificateRecord, Recorder } from '../observation/types.ts'
import type { Resource } from '../resources/types.ts'
import type { CertificateIdentity } from '../wire/types.ts'
import { Agent } from './agent.ts'
import { Authority, DEFAULT_TTL, type Signer } from './authority.ts'

export interface CitadelOptions {
  scheduler: Scheduler
  tree: RandomTree
  recorder: Recorder
  rootNamespace: string
  /** Is there an istiod that could answer? */
  istiodUp: () => boolean
}

/** What a proxy holds at its agent. */
export interface Workload {
  readonly certificate: CertificateIdentity | null
  readonly trusted: readonly string[]
}

const NOTHING: Workload = { certificate: null, trusted: [] }

export class Citadel {
  readonly authority = new Authority()
  /** Microseconds by which a pod's clock is ahead; absent = it is right. */
  private readonly skews = new Map<string, SimTime>()
  private readonly agents = new Map<string, Agent>()
  private readonly options: CitadelOptions

  constructor(options: CitadelOptions, resources: readonly Resource[]) {
    this.options = options
    this.authority.reload(resources, options.rootNamespace)
  }

  /** A proxy starts: its agent asks for `identity` (a SPIFFE URI). `ttl`: SECRET_TTL, µs. */
  start(pod: string, identity: string, ttl: SimTime = DEFAULT_TTL): void {
    const { scheduler, tree, istiodUp } = this.options
    const agent = new Agent(
      identity,
      {
        scheduler,
        skew: () => this.skew(pod),
        request: name => (istiodUp() && this.authority.up ? this.authority.sign(name, ttl, scheduler.now) : null),
        told: (what, certificate) => this.record(pod, what, certificate),
      },
      tree.stream(`agent/${pod}/certificate`),
    )
    this.agents.set(pod, agent)
    agent.start()
  }

  stop(pod: string): void {
    this.agents.get(pod)?.stop()
    this.agents.delete(pod)
    this.skews.delete(pod)
  }

  of(pod: string): Workload {
    return this.agents.get(pod) ?? NOTHING
  }

  skew(pod: string): SimTime {
    return this.skews.get(pod) ?? 0
  }

  setSkew(pod: string, ahead: SimTime): void {
    this.skews.set(pod, ahead)
  }

  /** The objects have changed. The new signer, when it is another one now. */
  reload(resources: readonly Resource[]): Signer | null {
    return this.authority.reload(resources, this.options.rootNamespace) ? this.authority.signer : null
  }

  private record(pod: string, what: CertificateRecord['what'], certificate: CertificateIdentity | null): void {
    const { recorder, scheduler } = this.options
    if (!recorder.wants('certificate')) return
    recorder.record({
      kind: 'certificate',
      at: scheduler.now,
      pod,
      what,
      identity: this.agents.get(pod)?.identity ?? '',
      serial: certificate?.serial ?? 0,
      issuer: certificate?.issuer ?? '',
      notAfter: certificate?.notAfter ?? 0,
    })
  }
}
