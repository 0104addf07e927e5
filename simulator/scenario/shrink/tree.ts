// Plain values as trees: the parts that can be left out at each depth, and the value without some of them.
import type { Path } from '../../diagnostics/types.ts'

/** A part of a value: a field of a mapping, or an item of a list. */
export interface Part {
  path: Path
  /** `path` as a key. */
  id: string
}

const idOf = (path: Path): string => JSON.stringify(path)

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** All parts at this depth (1: fields of the root), in order of the text. */
export function partsAt(root: unknown, depth: number): Part[] {
  const found: Part[] = []
  const walk = (value: unknown, path: Path): void => {
    const children: [string | number, unknown][] = Array.isArray(value)
      ? value.map((item, i) => [i, item])
      : isMapping(value)
        ? Object.entries(value)
        : []
    for (const [key, child] of children) {
      const below = [...path, key]
      if (below.length === depth) found.push({ path: below, id: idOf(below) })
      else walk(child, below)
    }
  }
  walk(root, [])
  return found
}

/** The value without these parts; lists close up. */
export function without(root: unknown, gone: ReadonlySet<string>, path: Path = []): unknown {
  if (Array.isArray(root))
    return root.flatMap((item, i) => {
      const below = [...path, i]
      return gone.has(idOf(below)) ? [] : [without(item, gone, below)]
    })
  if (!isMapping(root)) return root
  return Object.fromEntries(
    Object.entries(root).flatMap(([key, child]) => {
      const below = [...path, key]
      return gone.has(idOf(below)) ? [] : [[key, without(child, gone, below)]]
    }),
  )
}

/** Positions of all numbers and of texts that are durations or counts, with what they hold. */
export function leavesOf(root: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (Array.isArray(root)) return root.flatMap((item, i) => leavesOf(item, [...path, i]))
  if (isMapping(root)) return Object.entries(root).flatMap(([key, child]) => leavesOf(child, [...path, key]))
  return [{ path, value: root }]
}

/** A copy with another value at the path, which must exist. */
export function withLeaf(root: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value
  if (Array.isArray(root)) return root.map((item, i) => (i === first ? withLeaf(item, rest, value) : item))
  if (!isMapping(root)) return root
  return { ...root, [first]: withLeaf(root[String(first)], rest, value) }
}

/** How many fields and items there are in all. */
export function sizeOf(root: unknown): number {
  if (Array.isArray(root)) return root.reduce<number>((sum, item) => sum + 1 + sizeOf(item), 0)
  if (!isMapping(root)) return 0
  return Object.values(root).reduce<number>((sum, child) => sum + 1 + sizeOf(child), 0)
}
