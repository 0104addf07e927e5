// SIM0609: filters that an EnvoyFilter adds and that the simulated Envoy does not have: requests pass as if they were not there.
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

export const filters: Linter = {
  name: 'lint.FilterNotSimulated',
  code: 'SIM0609',
  description: 'Checks for filters that the simulated Envoy does not have.',
  lint(mesh) {
    for (const { resource, spec } of mesh.written<EnvoyFilter>('EnvoyFilter')) {
      for (const [i, { applyTo = '', patch }] of (spec.configPatches ?? []).entries()) {
        const kind = FILTERS.get(applyTo)
        if (kind === undefined || NO_NEW_FILTER.has(patch?.operation ?? 'INVALID')) continue
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
