// How the users of a closed loop pace themselves: when each begins, and how long it waits between an answer and its next
// request.
import { compileDistribution, parseDuration, type RandomTree, SECOND } from '../../engine/index.ts'
import type { PatternSpec } from './types.ts'

export type ClosedPattern = Extract<PatternSpec, { users: number } | { connections: number }>

export interface ClosedLoop {
  users: number
  /** µs after the load's start. */
  begin(user: number): number
  /** µs from an answer at `now` to the user's next request; called once an answer. */
  pause(user: number, now: number): number
}

export function compileClosedLoop(pattern: ClosedPattern, start: number, tree: RandomTree, name: string): ClosedLoop {
  if ('connections' in pattern) return paced(pattern.connections, pattern.qps ?? 0, start)
  const { users, think, rampUp = '0s' } = pattern
  const spread = parseDuration(rampUp) ?? 0
  const draw = think === undefined ? () => 0 : compileDistribution(think, tree.stream(`load/${name}/think`))
  return { users, begin: user => Math.floor((spread * user) / users), pause: () => draw() }
}

/** fortio's pacing: each connection has its own timetable; who is late sends at once. */
function paced(users: number, qps: number, start: number): ClosedLoop {
  if (qps === 0) return { users, begin: () => 0, pause: () => 0 }
  const gap = (users * SECOND) / qps
  const sent = new Array<number>(users).fill(0)
  return {
    users,
    begin: () => 0,
    pause(user, now) {
      sent[user]!++
      return Math.max(0, Math.floor(start + sent[user]! * gap + 0.5) - now)
    },
  }
}
