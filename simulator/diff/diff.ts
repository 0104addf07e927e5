// Before and after: what documents changed, what that means for requests by configuration alone, and what it came to in
// two runs under the same dice. Ends in a verdict for a pipeline.
import type { Diagnostic } from '../diagnostics/types.ts'
import { loadResources, meshConfigFrom } from '../resources/index.ts'
import type { Resource, SourceFile } from '../resources/types.ts'
import { placeOf, type ScenarioSpec } from '../scenario/index.ts'
import { validateAll } from '../validation/index.ts'
import { type DynamicDiff, dynamicDiff } from './dynamic.ts'
import { MeshView } from './mesh-view.ts'
import { type ChangedResource, changedResources } from './resource-changes.ts'
import { type StaticDiff, staticDiff } from './static.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface DiffOptions {
  before: readonly SourceFile[]
  after: readonly SourceFile[]
  /** Applications and load; without one nothing is run. */
  scenario?: ScenarioSpec
  seed?: string
  /** Virtual time of the two runs, µs. */
  duration?: number
}

export interface Diff extends Verdict {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'Diff'
  resources: ChangedResource[]
  static: StaticDiff
  dynamic: DynamicDiff | null
}

export interface DiffResult {
  /** Null when one of the two has errors. */
  diff: Diff | null
  diagnostics: { before: Diagnostic[]; after: Diagnostic[] }
}

export function diffMeshes(options: DiffOptions): DiffResult {
  const before = read(options.before)
  const after = read(options.after)
  const diagnostics = { before: before.diagnostics, after: after.diagnostics }
  const broken = [...before.diagnostics, ...after.diagnostics].some(found => found.level === 'error')
  if (broken) return { diff: null, diagnostics }
  const was = new MeshView({ resources: before.resources })
  const is = new MeshView({ resources: after.resources, clusterIps: was.clusterIps })
  const found = staticDiff(was, is)
  const { scenario, ...rest } = options
  const run = scenario?.loads === undefined ? null : dynamicDiff({ ...rest, scenario })
  if (run !== null && run.diff === null) return { diff: null, diagnostics: run.diagnostics }
  const dynamic = run?.diff ?? null
  const classes = found.classes.map(one => ({
    ...one,
    origins: places(one.origins, before.resources, after.resources),
  }))
  const resources = changedResources(before.resources, after.resources)
  return {
    diff: {
      apiVersion: 'meshsim.io/v1alpha1',
      kind: 'Diff',
      ...verdictOf(found, dynamic, resources),
      resources,
      static: { ...found, classes },
      dynamic,
    },
    diagnostics,
  }
}

function read(files: readonly SourceFile[]): { resources: Resource[]; diagnostics: Diagnostic[] } {
  const { resources, diagnostics } = loadResources(files)
  return {
    resources,
    diagnostics: [...diagnostics, ...validateAll(resources), ...meshConfigFrom(resources).diagnostics],
  }
}

/** `VirtualService reviews: before.yaml:3:1, after.yaml:3:1`, as far as the texts have them. */
function places(origins: readonly string[], before: readonly Resource[], after: readonly Resource[]): string[] {
  return origins.map(origin => {
    const [kind = '', name = ''] = origin.split('/').slice(-2)
    const found = new Set([placeOf(origin, before), placeOf(origin, after)].filter(place => place !== ''))
    return `${kind} ${name}${found.size === 0 ? '' : `: ${[...found].join(', ')}`}`
  })
}
