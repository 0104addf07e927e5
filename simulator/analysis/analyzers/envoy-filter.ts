// EnvoyFilters: operations that are ignored, or that depend on the order of filters
// (istio: pkg/config/analysis/analyzers/envoyfilter).
import { isObject } from '../../resources/fields.ts'
import type { Loose } from '../../resources/loose.ts'
import type { EnvoyFilter } from '../../resources/networking/envoy-filter.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'

type ConfigPatch = NonNullable<Loose<EnvoyFilter>['configPatches']>[number]

const ROUTES: readonly (string | undefined)[] = ['ROUTE_CONFIGURATION', 'HTTP_ROUTE']
const REPLACEABLE: readonly (string | undefined)[] = ['NETWORK_FILTER', 'HTTP_FILTER', 'VIRTUAL_HOST']
const RELATIVE: readonly (string | undefined)[] = ['REMOVE', 'REPLACE', 'INSERT_BEFORE', 'INSERT_AFTER']

/** Name of what a patch brings, or of the filter that it matches. */
function filterName({ patch, match }: ConfigPatch): string {
  const value: unknown = patch?.value
  if (!isObject(value) || Object.keys(value).length === 0) return ''
  if (value['name'] !== undefined && value['name'] !== null) return `string_value:${JSON.stringify(value['name'])}`
  return match?.listener?.filterChain?.filter?.name ?? ''
}

/** The error of an operation that its target ignores, or null. */
function ignoredOperation({ applyTo, patch }: ConfigPatch): string | null {
  const operation = patch?.operation
  if (operation === 'ADD' && ROUTES.includes(applyTo)) return 'IST0153'
  if (operation === 'REMOVE' && ROUTES.includes(applyTo)) return 'IST0154'
  return operation === 'REPLACE' && !REPLACEABLE.includes(applyTo) ? 'IST0152' : null
}

/** Names of filters whose patches name a proxy version grow in `versioned`, for the filters that follow. */
function judge(context: AnalysisContext, filter: Instance, versioned: Set<string>): void {
  const spec = filter.spec<EnvoyFilter>()
  for (const [i, item] of (spec.configPatches ?? []).entries()) {
    if (item.patch === undefined) break
    const path = ['spec', 'configPatches', i, 'patch', 'value']
    const name = filterName(item)
    const ignored = ignoredOperation(item)
    if (ignored !== null) context.report(filter, ignored, path)
    else if (RELATIVE.includes(item.patch.operation) && (spec.priority ?? 0) === 0) {
      context.report(filter, versioned.has(name) ? 'IST0155' : 'IST0151', path)
    }
    if ((item.match?.proxy?.proxyVersion ?? '') !== '') versioned.add(name)
  }
}

export const envoyFilterAnalyzers: Analyzer[] = [
  {
    name: 'envoyfilter.EnvoyPatchAnalyzer',
    description: 'Checks an envoyFilters',
    needsCluster: false,
    analyze(context) {
      const versioned = new Set<string>()
      for (const filter of context.all(KIND.envoyFilter)) judge(context, filter, versioned)
    },
  },
]
