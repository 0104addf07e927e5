// A scenario brought to life: the world of its documents, applications behind the pods, load, timeline, meters. Used by
// the runner, the server and the browser alike. Whoever owns it decides how far time goes; nothing else changes the run.

import { Flagger } from '../delivery/index.ts'
import type { Diagnostic } from '../diagnostics/types.ts'
import { type Engine, parseDuration } from '../engine/index.ts'
import { lintMesh } from '../lint/index.ts'
import {
  EPOCH_SECONDS,
  FanOut,
  type MarkRecord,
  type Recorder,
  type Target,
  TrafficStatistics,
} from '../observation/index.ts'
import { loadResources, type MeshConfig, meshConfigFrom } from '../resources/index.ts'
import { resourceName } from '../resources/resource-name.ts'
import type { Resource, SourceFile } from '../resources/types.ts'
import { validateAll } from '../validation/index.ts'
import { type ExternalHost, type PushSpec, World } from '../world/index.ts'
import { LoadGenerator, type LoadSpec } from '../world/load/index.ts'
import { Applications } from './applications.ts'
import { callsOf } from './calls.ts'
import { derivedLoads } from './derived-load.ts'
import { directoryOf, sourcePod } from './directory.ts'
import { Expectations, type Verdict } from './expectations/index.ts'
import { externalAddress, type ScenarioSpec } from './schema.ts'
import { type PreparedEvent, prepareTimeline, Timeline } from './timeline/timeline.ts'

export interface SimulationOptions {
  scenario: ScenarioSpec
  /** Documents of the mesh. */
  files: readonly SourceFile[]
  /** Overrides the scenario's own; '1' when neither says. */
  seed?: string
  /** A further observer; it never changes the run. */
  recorder?: Recorder
  /** Do the proxies count Istio's and Envoy's metrics? See `scrape`. Default: where an expectation asks for one. */
  metrics?: boolean
}

export interface SimulationResult {
  /** Null when there is an error among the diagnostics. */
  simulation: Simulation | null
  diagnostics: Diagnostic[]
}

/** Checks everything first; only a mesh without errors comes to life. Equal options give equal runs. */
export function createSimulation(options: SimulationOptions): SimulationResult {
  const { scenario } = options
  const loaded = loadResources(options.files)
  const mesh = meshConfigFrom(loaded.resources)
  const timeline = prepareTimeline(scenario.timeline ?? [], loaded.resources)
  const diagnostics = [
    ...loaded.diagnostics,
    ...validateAll(loaded.resources),
    ...mesh.diagnostics,
    ...timeline.diagnostics,
  ]
  if (hasError(diagnostics)) return { simulation: null, diagnostics }
  const metrics = options.metrics ?? asksForMetrics(scenario)
  const simulation = new Simulation({ ...options, metrics }, loaded.resources, mesh.meshConfig, timeline.prepared)
  diagnostics.push(...simulation.findings)
  return hasError(diagnostics) ? { simulation: null, diagnostics } : { simulation, diagnostics }
}

const asksForMetrics = ({ expectations = [] }: ScenarioSpec): boolean =>
  expectations.some(({ expect }) => 'metric' in expect)

/** Who asks for metrics and names no provider means what Istio's charts install: Prometheus (manifests/charts/istio-control). */
function withPrometheus(mesh: MeshConfig): MeshConfig {
  const { defaultProviders } = mesh
  if (defaultProviders.metrics !== undefined) return mesh
  return { ...mesh, defaultProviders: { ...defaultProviders, metrics: ['prometheus'] } }
}

function externalHosts({ externalHosts = [] }: ScenarioSpec): ExternalHost[] {
  return externalHosts.map((host, i) => ({ name: host.name, hosts: host.hosts, ip: externalAddress(host, i) }))
}

export class Simulation {
  readonly scenario: ScenarioSpec
  readonly seed: string
  readonly world: World
  readonly engine: Engine
  /** Length of the scenario, µs. */
  readonly duration: number
  readonly statistics = new TrafficStatistics()
  readonly marks: MarkRecord[] = []
  readonly loads: ReadonlyMap<string, LoadGenerator>
  /** Workloads (`name.namespace`) that answer 200 at once because nobody described them. */
  readonly undescribed: readonly string[]
  /** What was found while building. */
  readonly findings: readonly Diagnostic[]
  private readonly applications: Applications
  private readonly expectations: Expectations
  private readonly recorder: Recorder

  /** Use createSimulation: it checks first. */
  constructor(
    options: SimulationOptions,
    resources: readonly Resource[],
    meshConfig: MeshConfig,
    events: readonly PreparedEvent[],
  ) {
    const { scenario } = options
    const findings: Diagnostic[] = []
    this.findings = findings
    this.scenario = scenario
    this.seed = options.seed ?? String(scenario.seed ?? '1')
    this.duration = parseDuration(scenario.duration) ?? 0
    const ownSeed = this.seed === String(scenario.seed ?? '1')
    this.expectations = new Expectations(scenario.expectations ?? [], this.statistics, this.duration, ownSeed)
    const timeline = new Timeline(events, this.statistics)
    const flagger = new Flagger()
    const watchers: Recorder[] = [this.statistics, this.expectations, timeline, flagger]
    if (options.recorder !== undefined) watchers.push(options.recorder)
    this.recorder = new FanOut(watchers)
    const asked = (of: MeshConfig): MeshConfig => (options.metrics === true ? withPrometheus(of) : of)
    this.world = new World({
      seed: this.seed,
      resources,
      meshConfig: asked(meshConfig),
      meshConfigOf: now => asked(meshConfigFrom(now).meshConfig),
      recorder: this.recorder,
      externalHosts: externalHosts(scenario),
      metrics: options.metrics === true,
      ...(scenario.network === undefined ? {} : { network: scenario.network }),
      ...(scenario.istiod === undefined ? {} : { push: pushSpec(scenario.istiod) }),
    })
    this.world.note = what => this.mark(what)
    this.engine = this.world.engine
    const specs = this.loadSpecs(findings)
    this.statistics.directory = directoryOf(this.world, specs)
    const clients = new Set(specs.map(load => sourcePod(this.world, load.source)?.id ?? ''))
    const behaviours = scenario.workloads ?? []
    this.applications = new Applications(this.world, this.recorder, behaviours, clients)
    this.applications.serveExternal(scenario.externalHosts ?? [])
    this.undescribed = this.applications.undescribed
    for (const words of this.applications.wrong) findings.push(finding('error', words, ['spec', 'workloads']))
    for (const i of this.applications.unused) {
      const { name, labels } = behaviours[i]!
      const who =
        name ??
        Object.entries(labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(',')
      findings.push(
        finding('warning', `no pod of the beginning matches the behaviour of ${who}; pods born later may`, [
          'spec',
          'workloads',
          i,
        ]),
      )
    }
    this.loads = this.startLoads(specs, findings)
    timeline.start({
      world: this.world,
      loads: this.loads,
      applications: this.applications.byPod,
      mark: what => this.mark(what),
    })
    flagger.start(this.world, what => this.mark(what))
    this.expectations.start(this.world)
  }

  get now(): number {
    return this.engine.now
  }

  /** Runs all events up to and including time `until` (µs). */
  runUntil(until: number): void {
    this.engine.runUntil(until)
  }

  /** Runs one event; false when none is left. */
  step(): boolean {
    return this.engine.step()
  }

  fingerprint(): string {
    return this.engine.fingerprint()
  }

  /** The metrics of every proxy as Prometheus finds them now, with the labels that it adds; [] without `metrics`. `all`: Envoy's statistics of clusters too. */
  scrape(all = false): Target[] {
    const targets: Target[] = []
    for (const { proxy, workload } of this.world.pods.values()) {
      const families = proxy?.metrics(all) ?? []
      if (families.length === 0) continue
      const { name, namespace } = workload
      targets.push({
        labels: [
          ['namespace', namespace],
          ['pod', name],
        ],
        families,
      })
    }
    return targets
  }

  verdicts(): Verdict[] {
    return this.expectations.verdicts()
  }

  /**
   * The user's documents join the running mesh as `kubectl apply` would have it. With any error nothing changes, and the
   * mesh goes on with what it had.
   */
  applyFiles(files: readonly SourceFile[]): Diagnostic[] {
    const loaded = loadResources(files)
    const diagnostics = [...loaded.diagnostics, ...validateAll(loaded.resources)]
    if (hasError(diagnostics) || loaded.resources.length === 0) return diagnostics
    this.mark(`apply ${loaded.resources.map(r => `${r.kind} ${r.metadata.name}`).join(', ')}`)
    this.world.apply({ upsert: loaded.resources })
    return [...diagnostics, ...this.lintOf(loaded.resources)]
  }

  /** What lint warns of about these resources, now that the mesh has them. */
  private lintOf(resources: readonly Resource[]): Diagnostic[] {
    const { snapshot } = this.world
    const names = new Set(resources.map(resourceName))
    return lintMesh(snapshot, callsOf(this.scenario, snapshot)).filter(
      ({ level, resource }) => level !== 'info' && names.has(resource),
    )
  }

  private mark(what: string): void {
    const mark: MarkRecord = { kind: 'mark', at: this.engine.now, what }
    this.marks.push(mark)
    if (this.recorder.wants('mark')) this.recorder.record(mark)
  }

  /** The scenario's loads; without any word about load, what the gateways' routes ask for. */
  private loadSpecs(findings: Diagnostic[]): LoadSpec[] {
    if (this.scenario.loads !== undefined) return this.scenario.loads
    const derived = derivedLoads(this.world)
    const what =
      derived.length === 0 ? 'nothing is sent' : `each route of ${derived.map(l => l.name).join(', ')} is asked for`
    findings.push(finding('info', `the scenario describes no load: ${what}`, ['spec', 'loads']))
    return derived
  }

  private startLoads(specs: readonly LoadSpec[], findings: Diagnostic[]): Map<string, LoadGenerator> {
    const loads = new Map<string, LoadGenerator>()
    let traceId = 0
    for (const [i, spec] of specs.entries()) {
      const pod = sourcePod(this.world, spec.source)
      if (pod === null && spec.source.includes('.')) {
        findings.push(
          finding('error', `load ${spec.name}: there is no pod ${spec.source}`, ['spec', 'loads', i, 'source']),
        )
        continue
      }
      const load = new LoadGenerator({
        scheduler: this.engine,
        tree: this.world.tree,
        network: pod?.network ?? this.world.externalClient(spec.source),
        resolve: host => (pod === null ? this.world.resolve(host, 'default') : this.world.resolveIn(pod, host)),
        recorder: this.recorder,
        spec,
        epochSeconds: EPOCH_SECONDS,
        nextTraceId: () => ++traceId,
      })
      loads.set(spec.name, load)
      load.start()
    }
    return loads
  }
}

function hasError(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(found => found.level === 'error')
}

function finding(level: Diagnostic['level'], message: string, path: Diagnostic['path']): Diagnostic {
  return { code: 'SIM0502', level, message, resource: '', path, at: null }
}

function pushSpec({ replicas, cores, latency }: NonNullable<ScenarioSpec['istiod']>): PushSpec {
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(cores === undefined ? {} : { cores }),
    ...(latency === undefined ? {} : { delay: latency }),
  }
}
