// ReferenceGrants: who may name an object of another namespace.
import type { Resource } from '../resources/types.ts'
import { fields, list, text } from './types.ts'

/** Whether an object of `fromKind` in `from` may name `kind` `name` in `namespace`; its own namespace needs no grant. */
export function granted(
  resources: readonly Resource[],
  fromKind: string,
  from: string,
  kind: string,
  namespace: string,
  name: string,
): boolean {
  if (namespace === from) return true
  return resources.some(r => {
    if (r.kind !== 'ReferenceGrant' || r.metadata.namespace !== namespace) return false
    const spec = fields(r.spec)
    const sources = list(spec['from']).map(fields)
    const targets = list(spec['to']).map(fields)
    return (
      sources.some(source => source['kind'] === fromKind && source['namespace'] === from) &&
      targets.some(target => text(target['kind']) === kind && (text(target['name']) === '' || target['name'] === name))
    )
  })
}
