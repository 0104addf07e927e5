// The agent beside a proxy: asks for the certificate, keeps it, renews it in time
// (security/pkg/nodeagent/cache/secretcache.go, security/pkg/nodeagent/caclient, pkg/istio-agent).
//   asking --signed--> holding --half of its life is over--> asking again, with the old one in the hand
//      ^---- back-off ----<-- no answer

import { Timer } from '../engine/index.ts'
import type { EventHandler, RandomStream, Scheduler, SimTime } from '../engine/types.ts'
import type { CertificateRecord } from '../observation/types.ts'
import type { CertificateIdentity } from '../wire/types.ts'
import type { Issued } from './authority.ts'

/** SECRET_GRACE_PERIOD_RATIO and SECRET_GRACE_PERIOD_RATIO_JITTER. */
const GRACE_RATIO = 0.5
const GRACE_JITTER = 0.01
/** Retries within one call, from this pause on, each twice as long, 10 % jitter. */
const CALL_RETRIES = 5
const FIRST_PAUSE = 100_000
/** Then the agent's own back-off. */
const BACKOFF_FIRST = 500_000
const BACKOFF_MOST = 60_000_000
const BACKOFF_FACTOR = 1.5

export interface AgentHost {
  readonly scheduler: Scheduler
  /** Null: no answer. */
  request(identity: string): Issued | null
  /** How far the workload's clock is ahead, µs. */
  skew(): SimTime
  /** Told of each certificate, and of each call that failed to the end. */
  told(what: CertificateRecord['what'], certificate: CertificateIdentity | null): void
}

export class Agent implements EventHandler {
  readonly identity: string
  certificate: CertificateIdentity | null = null
  trusted: readonly string[] = []
  private readonly host: AgentHost
  private readonly dice: RandomStream
  /** Until the next question: to renew, or to try again. */
  private readonly timer: Timer
  private failures = 0

  constructor(identity: string, host: AgentHost, dice: RandomStream) {
    this.identity = identity
    this.host = host
    this.dice = dice
    this.timer = new Timer(host.scheduler, this, 1)
  }

  /** Asks now. */
  start(): void {
    const issued = this.host.request(this.identity)
    if (issued === null) {
      this.unanswered()
      return
    }
    const first = this.certificate === null
    this.failures = 0
    this.certificate = issued.certificate
    this.trusted = issued.trusted
    this.timer.arm(this.renewal(issued.certificate))
    this.host.told(first ? 'issued' : 'renewed', issued.certificate)
  }

  /** The pod is gone. */
  stop(): void {
    this.timer.disarm()
  }

  onEvent(): void {
    this.start()
  }

  /** µs until the certificate is asked for again: its end less the grace period, by the workload's own clock (rotateTime). */
  private renewal({ notAfter }: CertificateIdentity): SimTime {
    const now = this.host.scheduler.now + this.host.skew()
    const sign = this.dice.below(2) * 2 - 1
    const ratio = GRACE_RATIO + (this.dice.below(1_000_000) / 1_000_000) * GRACE_JITTER * sign
    return Math.max(0, Math.floor(notAfter - Math.max(0, notAfter - now) * ratio) - now)
  }

  private unanswered(): void {
    this.failures++
    const { failures } = this
    if (failures > CALL_RETRIES) this.host.told('unanswered', this.certificate)
    this.timer.arm(failures <= CALL_RETRIES ? this.pause(failures) : this.backoff(failures - CALL_RETRIES))
  }

  private pause(failures: number): SimTime {
    const tenth = (this.dice.below(2001) - 1000) / 10_000
    return Math.floor(FIRST_PAUSE * 2 ** (failures - 1) * (1 + tenth))
  }

  /** Half as much more each time, from half to one and a half of it. */
  private backoff(calls: number): SimTime {
    let base = BACKOFF_FIRST
    for (let i = 1; i < calls && base < BACKOFF_MOST; i++) base *= BACKOFF_FACTOR
    return Math.floor(Math.min(base, BACKOFF_MOST) * (0.5 + this.dice.below(1_000_001) / 1_000_000))
  }
}
