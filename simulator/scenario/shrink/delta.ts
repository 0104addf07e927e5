// Delta debugging (Zeller and Hildebrandt 2002, complements only) over the parts of a tree, level by level (Misherghi and Su
// 2006, hierarchical delta debugging): what a level leaves out takes everything below with it.
import { type Part, partsAt, without } from './tree.ts'

/** Does the value still show what one looks for? */
export type Shows = (value: unknown) => boolean

/** A level deeper than this holds nothing that anybody writes by hand. */
const DEEPEST = 24

/** The value with as few parts as possible such that `shows` stays true; `keeps` names parts that must stay. */
export function reduceTree(value: unknown, shows: Shows, keeps: (part: Part) => boolean): unknown {
  let now = value
  for (let depth = 1; depth <= DEEPEST; depth++) {
    const parts = partsAt(now, depth)
    if (parts.length === 0) break
    const gone = leftOut(
      parts.filter(part => !keeps(part)),
      set => shows(without(now, idsOf(set))),
    )
    now = without(now, idsOf(gone))
  }
  return now
}

const idsOf = (parts: readonly Part[]): ReadonlySet<string> => new Set(parts.map(part => part.id))

/** As many of the items as can be left out, tried in ever smaller pieces. */
export function leftOut<T>(items: readonly T[], canGo: (gone: readonly T[]) => boolean): T[] {
  let kept = [...items]
  const gone: T[] = []
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let i = 0; i < kept.length; ) {
      const piece = kept.slice(i, i + size)
      if (canGo([...gone, ...piece])) {
        gone.push(...piece)
        kept = [...kept.slice(0, i), ...kept.slice(i + size)]
      } else i += size
    }
  }
  return gone
}
