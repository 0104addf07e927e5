// Carries out the steps of a case on a running world.
import type { World } from '../../../simulator/world/index.ts'
import { App } from './app.ts'
import { buildWorld, type Case, type CaseWorkload, type Observed, podId, type Step, type Traffic } from './case.ts'
import { Client, type Result } from './client.ts'
import { type Log, Logs } from './logs.ts'
import { type HeadlessNames, headlessAddress, headlessNames } from './names.ts'
import { observe, type Seen } from './observe.ts'
import { splitUrl } from './url.ts'

const MILLISECOND = 1_000
/** To wait for logs and mirrored requests after the answers: at least, without news, at most. */
const SETTLE_MIN_MS = 300
/** The recorded meshes had stood for a while when the first request came. */
const WARM_UP_MS = 5_000
const SETTLE_QUIET_MS = 250
const SETTLE_MAX_MS = 3_000
const SETTLE_STEP_MS = 50
/** A step whose client has not ended by then hangs. */
const STEP_LIMIT_MS = 600_000

/** The observation of each step, null for steps without traffic. */
export function runCase(c: Case, seed: string): (Observed | null)[] {
  return new Run(c, seed).all()
}

class Run {
  private readonly c: Case
  private readonly logs = new Logs()
  private readonly world: World
  private readonly apps = new Map<string, App>()
  private readonly headless: HeadlessNames

  constructor(c: Case, seed: string) {
    this.c = c
    this.headless = headlessNames(c)
    this.world = buildWorld(c, seed, this.logs)
    for (const w of c.workloads) if (w.gateway !== true) this.startApp(w)
  }

  all(): (Observed | null)[] {
    this.wait(WARM_UP_MS)
    return this.c.steps.map(step => this.step(step))
  }

  private startApp(w: CaseWorkload): void {
    const pod = this.world.pod(podId(w))
    if (pod === null) return
    const { engine, tree } = this.world
    const resolve = (host: string) => this.resolve(host, w.namespace ?? 'default')
    const app = new App(w.name, w.behaviour ?? {}, engine, pod.network, tree.stream(`app/${w.name}`), resolve)
    this.apps.set(w.name, app)
    for (const p of w.ports ?? []) pod.listen(p.port, app.port(p.protocol ?? 'http', p.hosts ?? w.hosts ?? []))
  }

  private resolve(host: string, namespace: string): string | null {
    const headless = headlessAddress(this.headless, host, namespace)
    return headless ?? this.world.resolve(host, namespace) ?? this.c.workloads.find(w => w.name === host)?.ip ?? null
  }

  private wait(ms: number): void {
    this.world.engine.runUntil(this.world.engine.now + Math.round(ms * MILLISECOND))
  }

  private step(step: Step): Observed | null {
    this.wait(step.wait_ms ?? 0)
    for (const [name, behaviour] of Object.entries(step.behaviour ?? {})) this.apps.get(name)?.set(behaviour)
    if (step.traffic === undefined) return null
    const { traffic } = step
    const sender = this.c.workloads.find(w => w.name === traffic.from)
    if (sender === undefined) throw new Error(`no workload ${traffic.from}`)
    const seen: Seen = {
      stat: (name, stat) => this.stat(name, stat),
      step,
      traffic,
      sender,
      results: [],
      logs: new Map(),
      hits: new Map(),
    }
    this.logs.take()
    this.takeHits(new Map())
    seen.results = this.send(traffic, sender)
    this.settle(step, seen)
    return observe(this.c, seen)
  }

  private send(traffic: Traffic, sender: CaseWorkload): Result[] {
    const pod = this.world.pod(podId(sender))
    if (pod === null) throw new Error(`no pod ${podId(sender)}`)
    const { engine } = this.world
    let results: Result[] | null = null
    const names = this.namesOf(traffic, sender)
    new Client(traffic, engine, pod.network, names, found => {
      results = found
    }).start()
    const limit = engine.now + STEP_LIMIT_MS * MILLISECOND
    while (results === null && engine.now < limit && engine.step()) {
      // Until the client has all its answers.
    }
    if (results === null) throw new Error('the client got no answer to some request')
    return results
  }

  private namesOf(traffic: Traffic, sender: CaseWorkload): (host: string) => string | null {
    const namespace = sender.namespace ?? 'default'
    const fixed = new Map<string, string>()
    if (traffic.via !== undefined) {
      const address = this.resolve(traffic.via, namespace) ?? this.resolve(`${traffic.via}.istio-system`, namespace)
      if (address === null) throw new Error(`via: no service or workload ${traffic.via}`)
      fixed.set(splitUrl(traffic.url).host, address)
    }
    for (const [host, target] of Object.entries(traffic.resolve ?? {}))
      fixed.set(host, this.resolve(target, namespace) ?? target)
    return host => fixed.get(host) ?? this.resolve(host, namespace)
  }

  private stat(name: string, stat: string): number {
    const workload = this.c.workloads.find(w => w.name === name)
    return workload === undefined ? 0 : (this.world.pod(podId(workload))?.proxy?.stat(stat) ?? 0)
  }

  private settle(step: Step, seen: Seen): void {
    const after = step.after_ms ?? 0
    let quiet = 0
    for (let waited = 0; ; waited += SETTLE_STEP_MS) {
      quiet = this.collect(seen) ? 0 : quiet + SETTLE_STEP_MS
      if (waited >= Math.max(SETTLE_MIN_MS, after) && quiet >= SETTLE_QUIET_MS) return
      if (waited > SETTLE_MAX_MS + after) return
      this.wait(SETTLE_STEP_MS)
    }
  }

  private collect(seen: Seen): boolean {
    let fresh = false
    for (const [name, logs] of this.logs.take()) {
      const all: Log[] = seen.logs.get(name) ?? []
      all.push(...logs)
      seen.logs.set(name, all)
      fresh = true
    }
    return this.takeHits(seen.hits) || fresh
  }

  private takeHits(into: Seen['hits']): boolean {
    let fresh = false
    for (const [name, app] of this.apps) {
      const total = into.get(name) ?? { seen: 0, hits: [] }
      total.seen += app.seen
      total.hits.push(...app.hits)
      into.set(name, total)
      fresh = fresh || app.seen > 0
      app.seen = 0
      app.hits = []
    }
    return fresh
  }
}
