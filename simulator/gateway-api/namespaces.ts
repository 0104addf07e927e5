// Which namespaces a listener admits: all, its own, or those that a selector names.
import type { Resource } from '../resources/types.ts'
import { type Fields, fields, list, text } from './types.ts'

const NAMESPACE_NAME = 'kubernetes.io/metadata.name'
type Labels = Readonly<Record<string, string>>

export type Selects = (namespace: string) => boolean

const namespaceLabels = (resources: readonly Resource[]): ReadonlyMap<string, Labels> =>
  new Map(resources.filter(r => r.kind === 'Namespace').map(r => [r.metadata.name, r.metadata.labels]))

/** Whether a namespace is admitted by `from` and `selector`; `own` is the listener's. */
export function namespaceSelected(own: string, config: Fields, resources: readonly Resource[]): Selects {
  const from = text(config['from'], 'Same')
  if (from === 'All') return () => true
  if (from === 'Same') return namespace => namespace === own
  if (from !== 'Selector') return () => false
  const labels = namespaceLabels(resources)
  const wanted = Object.entries(fields(fields(config['selector'])['matchLabels']))
  const expressions = list(fields(config['selector'])['matchExpressions']).map(fields)
  return namespace => {
    const has: Labels = { [NAMESPACE_NAME]: namespace, ...labels.get(namespace) }
    return wanted.every(([key, value]) => has[key] === value) && expressions.every(e => holds(e, has))
  }
}

function holds(expression: Fields, labels: Labels): boolean {
  const value = labels[text(expression['key'])]
  const values = list(expression['values'])
  switch (text(expression['operator'])) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    default:
      return value === undefined
  }
}

/** The admitted namespaces by name: `*` for all, `~` for none. */
export function admittedNamespaces(own: string, config: Fields, resources: readonly Resource[]): string[] {
  const from = text(config['from'], 'Same')
  if (from === 'All') return ['*']
  if (from === 'Same') return [own]
  const admits = namespaceSelected(own, config, resources)
  const named = [...namespaceLabels(resources).keys()].filter(admits).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return named.length > 0 ? named : ['~']
}
