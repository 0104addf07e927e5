// Which documents changed, and the first line of each where they do.
import type { Path } from '../diagnostics/types.ts'
import { resourceName } from '../resources/resource-name.ts'
import type { Resource } from '../resources/types.ts'

export interface ChangedResource {
  /** `Kind namespace/name`. */
  resource: string
  change: 'added' | 'removed' | 'changed'
  /** Field of the first difference, `spec.http[0].timeout`; '' for whole documents. */
  field: string
  /** `file:line:column` there, '' where there is none. */
  before: string
  after: string
}

export function changedResources(before: readonly Resource[], after: readonly Resource[]): ChangedResource[] {
  const was = new Map(before.map(resource => [resourceName(resource), resource]))
  const is = new Map(after.map(resource => [resourceName(resource), resource]))
  const changes: ChangedResource[] = []
  for (const [name, old] of was) {
    const now = is.get(name)
    if (now === undefined)
      changes.push({ resource: name, change: 'removed', field: '', before: at(old, []), after: '' })
    else {
      const path = firstDifference(partsOf(old), partsOf(now))
      if (path !== null)
        changes.push({
          resource: name,
          change: 'changed',
          field: fieldOf(path),
          before: at(old, path),
          after: at(now, path),
        })
    }
  }
  for (const [name, now] of is)
    if (!was.has(name)) changes.push({ resource: name, change: 'added', field: '', before: '', after: at(now, []) })
  return changes
}

const partsOf = ({ metadata, spec, status }: Resource): unknown => ({
  metadata: { labels: metadata.labels, annotations: metadata.annotations },
  spec,
  status,
})

/** Null: equal. */
function firstDifference(a: unknown, b: unknown): Path | null {
  if (JSON.stringify(a) === JSON.stringify(b)) return null
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return []
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const list = Array.isArray(a)
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const below = firstDifference(left[key], right[key])
    if (below !== null) return [list ? Number(key) : key, ...below]
  }
  return []
}

const fieldOf = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')

/** The nearest place that the text has. */
function at(resource: Resource, path: Path): string {
  for (let length = path.length; length >= 0; length--) {
    const place = resource.locate(path.slice(0, length))
    if (place !== null) return `${place.file}:${place.line}:${place.column}`
  }
  return ''
}
