// What differs between two snapshots of one mesh, by identity: objects that did not change are the same objects in both.
import { sameValue } from '../registry/inventory.ts'
import type { MeshSnapshot } from '../registry/mesh-snapshot.ts'
import type { Resource } from '../resources/types.ts'

const known = new WeakMap<MeshSnapshot, { before: MeshSnapshot; changes: readonly Resource[] | null }>()

/**
 * Objects that are in one snapshot and not in the other, so both forms of an edited one; null when anything else differs
 * (pods, mesh settings, addresses). All proxies of a push ask for the same pair, so the last answer is kept.
 */
export function changesBetween(before: MeshSnapshot, after: MeshSnapshot): readonly Resource[] | null {
  const last = known.get(after)
  if (last !== undefined && last.before === before) return last.changes
  const changes = sameSurroundings(before, after) ? changedResources(before, after) : null
  known.set(after, { before, changes })
  return changes
}

function changedResources(before: MeshSnapshot, after: MeshSnapshot): Resource[] {
  const [old, fresh] = [new Set(before.input.resources), new Set(after.input.resources)]
  return [
    ...before.input.resources.filter(resource => !fresh.has(resource)),
    ...after.input.resources.filter(resource => !old.has(resource)),
  ]
}

function sameSurroundings(before: MeshSnapshot, after: MeshSnapshot): boolean {
  // addresses of ServiceEntries change with the objects
  const one = { ...before.input, resources: null, entryIps: null }
  const other = { ...after.input, resources: null, entryIps: null }
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every(name => {
    const key = name as keyof typeof one
    return sameValue(one[key], other[key])
  })
}
