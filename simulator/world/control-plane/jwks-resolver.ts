// The key sets that istiod fetches for RequestAuthentications and inlines into the proxies' configuration
// (pilot/pkg/model/jwks_resolver.go).
//   wanted --fetched--> kept --every 20 minutes--> asked again; another answer is pushed
//   asked --no answer--> what was kept stays; the next round comes after 1 minute, then 2, 4 ... up to an hour

import { Timer } from '../../engine/index.ts'
import type { EventHandler, Scheduler, SimTime } from '../../engine/types.ts'
import { ISSUER, keySourceOf } from '../../registry/index.ts'
import type { Resource } from '../../resources/types.ts'

const ROUND = 1
const AGAIN = 2

const MINUTE = 60_000_000
/** PILOT_JWT_PUB_KEY_REFRESH_INTERVAL. */
const REFRESH = 20 * MINUTE
const AFTER_FAILURE = MINUTE
const MOST_AFTER_FAILURE = 60 * MINUTE
/** In the rounds alone: a fetch of the moment is not repeated. */
const RETRIES = 7
const RETRY_PAUSE = 1_000_000
const PATIENCE = 5_000_000
const DISCOVERY = '/.well-known/openid-configuration'

export interface JwksHost {
  readonly scheduler: Scheduler
  /** GET; null: no answer, or none with status 200. */
  fetch(url: string, patience: SimTime, done: (body: string | null) => void): void
  /** Keys are other ones now. */
  changed(): void
}

export class JwksResolver implements EventHandler {
  /** By the URI of the key set, or by the issuer where that is found by discovery. Replaced, never changed. */
  keys: ReadonlyMap<string, string> = new Map()
  private readonly host: JwksHost
  private readonly wanted = new Set<string>()
  private readonly timer: Timer
  private pause = REFRESH

  constructor(host: JwksHost) {
    this.host = host
    this.timer = new Timer(host.scheduler, this, ROUND)
  }

  /** Fetches what has not been wanted before, and from now on keeps it fresh. */
  want(sources: Iterable<string>): void {
    for (const source of sources) {
      if (this.wanted.has(source)) continue
      this.wanted.add(source)
      if (!this.timer.armed) this.timer.arm(this.pause)
      if (!this.keys.has(source)) this.ask(source, 0, () => {})
    }
  }

  /** A round begins, or a source is asked again within it. */
  onEvent(kind: number, subject: unknown): void {
    if (kind === AGAIN) {
      const ask = subject as () => void
      ask()
      return
    }
    let left = this.wanted.size
    let failed = false
    for (const source of this.wanted)
      this.ask(source, RETRIES, ok => {
        failed ||= !ok
        left--
        if (left === 0) this.next(failed)
      })
  }

  private next(failed: boolean): void {
    if (!failed) this.pause = REFRESH
    else this.pause = this.pause === REFRESH ? AFTER_FAILURE : Math.min(this.pause * 2, MOST_AFTER_FAILURE)
    this.timer.arm(this.pause)
  }

  private ask(source: string, retries: number, done: (ok: boolean) => void): void {
    this.load(source, body => {
      if (body === null && retries > 0) {
        this.host.scheduler.after(RETRY_PAUSE, this, AGAIN, () => this.ask(source, retries - 1, done))
        return
      }
      if (body !== null && this.keys.get(source) !== body) {
        this.keys = new Map(this.keys).set(source, body)
        this.host.changed()
      }
      done(body !== null)
    })
  }

  /** By way of the issuer's own description where the source is an issuer. */
  private load(source: string, done: (body: string | null) => void): void {
    if (!source.startsWith(ISSUER)) {
      this.host.fetch(source, PATIENCE, done)
      return
    }
    const issuer = source.slice(ISSUER.length).replace(/\/$/, '')
    this.host.fetch(`${issuer}${DISCOVERY}`, PATIENCE, body => {
      const uri = jwksUriOf(body)
      if (uri === null) done(null)
      else this.host.fetch(uri, PATIENCE, done)
    })
  }
}

function jwksUriOf(description: string | null): string | null {
  if (description === null) return null
  try {
    const { jwks_uri: uri } = JSON.parse(description) as { jwks_uri?: unknown }
    return typeof uri === 'string' ? uri : null
  } catch {
    return null
  }
}

/** All sources that RequestAuthentications name. */
export function keySources(resources: readonly Resource[]): Set<string> {
  const found = new Set<string>()
  for (const { kind, spec } of resources) {
    if (kind !== 'RequestAuthentication') continue
    const { jwtRules = [] } = spec as { jwtRules?: Parameters<typeof keySourceOf>[0][] }
    for (const rule of jwtRules) {
      const source = keySourceOf(rule)
      if (source !== '') found.add(source)
    }
  }
  return found
}
