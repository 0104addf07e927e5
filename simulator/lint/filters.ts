// SIM0609: what an EnvoyFilter adds and the simulated Envoy does not have, filters and single fields: requests pass as if
// it were not there.
import { filterWithoutEffect } from '../envoy/index.ts'
import type { EnvoyFilter } from '../resources/index.ts'
import type { JsonObject } from '../xds/types.ts'
import type { Linter } from './types.ts'

/** What a patch of these kinds holds is one filter. */
const FILTERS: ReadonlyMap<string, 'http' | 'network'> = new Map([
  ['HTTP_FILTER', 'http'],
  ['NETWORK_FILTER', 'network'],
])
/** A patch of these operations brings no filter of its own: it changes or removes one that istiod made. */
const NO_NEW_FILTER = new Set(['MERGE', 'REMOVE', 'INVALID'])

/** Fields of Envoy's own that no proxy here acts on, and what real ones would do. */
const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ['internal_redirect_policy', 'redirects of the upstream are passed on to the client'],
  ['health_checks', 'no endpoint is probed: they stay as healthy as EDS says'],
  ['request_headers_timeout', 'requests come whole: there are no slow headers to wait for'],
  ['request_timeout', 'requests come whole: there are no slow bodies to wait for'],
])

type Path = (string | number)[]

/** Every place below `value` that holds such a field; opaque filters of others are not looked into. */
function* ineffective(value: unknown, path: Path): Generator<[Path, string]> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key]
    const why = WITHOUT_EFFECT.get(key)
    if (why !== undefined) yield [at, why]
    else yield* ineffective(item, at)
  }
}

export const filters: Linter = {
  name: 'lint.FilterNotSimulated',
  code: 'SIM0609',
  description: 'Checks for filters and fields of EnvoyFilters that the simulated Envoy does not have.',
  lint(mesh) {
    for (const { resource, spec } of mesh.written<EnvoyFilter>('EnvoyFilter')) {
      for (const [i, { applyTo = '', patch }] of (spec.configPatches ?? []).entries()) {
        const operation = patch?.operation ?? 'INVALID'
        const values = operation === 'REMOVE' ? [] : ineffective(patch?.value, [])
        for (const [path, why] of values) {
          mesh.report(resource, {
            path: ['spec', 'configPatches', i, 'patch', 'value', ...path],
            level: 'warning',
            message: `the simulated Envoy does not act on ${path.at(-1)}: ${why}`,
            hint: 'what it does has to be tried in a real mesh',
          })
        }
        const kind = FILTERS.get(applyTo)
        if (kind === undefined || NO_NEW_FILTER.has(operation)) continue
        const type = filterWithoutEffect(kind, (patch?.value ?? {}) as JsonObject)
        if (type === '') continue
        mesh.report(resource, {
          path: ['spec', 'configPatches', i, 'patch', 'value', 'typed_config'],
          level: 'warning',
          message: `the simulated Envoy has no filter ${type}: traffic passes as if this patch were not there`,
          hint: 'the filters that it has are named in simulator/envoy/README.md; what this one does has to be tried in a real mesh',
        })
      }
    }
  },
}
