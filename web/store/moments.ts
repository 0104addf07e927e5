// Moments that keys lead to: events, failures, beginning, edge, ten seconds on. One place for the time line and the page.
import type { State } from './store.ts'

type Known = Pick<State, 'time' | 'edge' | 'events' | 'beats'>

/** Acts, failures and ejections; pushes that nobody asked about are no places to stop at. */
const STOPS = new Set(['mark', 'nack', 'ejection', 'return'])
const TEN_SECONDS = 10_000_000

/** The moment that a key of the time line asks for, virtual µs; null for other keys. */
export function nextMoment(state: Known, key: string, shift: boolean): number | null {
  switch (key) {
    case 'ArrowLeft':
      return shift ? failureBeside(state, true) : eventBeside(state, true)
    case 'ArrowRight':
      return shift ? failureBeside(state, false) : eventBeside(state, false)
    case 'PageUp':
      return Math.max(0, state.time - TEN_SECONDS)
    case 'PageDown':
      return state.time + TEN_SECONDS
    case 'Home':
      return 0
    case 'End':
      return state.edge
    default:
      return null
  }
}

/** The nearest event before or after now; the beginning or the edge when there is none. */
export function eventBeside({ events, time, edge }: Known, back: boolean): number {
  const stops = events.filter(event => STOPS.has(event.kind))
  if (back) return stops.findLast(event => event.at < time)?.at ?? 0
  return stops.find(event => event.at > time)?.at ?? edge
}

/** The nearest second, other than this one, in which a request failed. */
export function failureBeside({ beats, time, edge }: Known, back: boolean): number {
  const now = Math.floor(time / 1_000_000)
  const failed = [...beats.values()].filter(beat => beat.failed > 0).map(beat => beat.second)
  const second = back ? failed.findLast(at => at + 1 < now) : failed.find(at => at > now)
  if (second === undefined) return back ? 0 : edge
  // The end of that second: what failed in it is seen.
  return Math.min(edge, (second + 1) * 1_000_000)
}
