// What a failure looks like, so that a smaller mesh is not taken for the same failure when it only fails in another way:
// a request with the same status, flags and details; or the same expectation failed, with no flags that were not there.
import type { Observation } from '../../observation/index.ts'
import type { SourceFile } from '../../resources/types.ts'
import { type Moment, simulationAt } from '../moment/moment.ts'
import { type Report, runScenario } from '../report.ts'
import type { ScenarioSpec } from '../schema.ts'

export type FailureSpec =
  /** An expectation by name; the first that fails when absent. */
  { expectation: string | null } | { moment: Moment }

export interface Mesh {
  scenario: ScenarioSpec
  files: readonly SourceFile[]
  seed?: string
}

/** A failure of one mesh, as something to look for in smaller ones. */
export interface Failure {
  /** In words. */
  words: string
  /** Name of the expectation that must stay; null when a moment is looked for. */
  expectation: string | null
  /** Virtual time after which nothing more is needed, µs; null when the whole run is. */
  until: number | null
  shownBy(mesh: Mesh): boolean
}

/** The failure as this mesh shows it, or a sentence about why it does not. */
export function failureOf(mesh: Mesh, spec: FailureSpec): Failure | string {
  return 'moment' in spec ? momentFailure(mesh, spec.moment) : expectationFailure(mesh, spec.expectation)
}

function momentFailure(mesh: Mesh, moment: Moment): Failure | string {
  if ('at' in moment) return 'a time is no failure; name what is seen, such as first(status==503)'
  const { stop } = simulationAt(mesh, moment)
  if (stop === null) return 'the mesh has errors'
  if (stop.seen === null) return `${moment.words} is not seen in this run`
  const looks = lookOf(stop.seen)
  return {
    words: stop.witness,
    expectation: null,
    until: stop.at,
    shownBy: smaller => {
      const { stop: found } = simulationAt(smaller, moment)
      return found?.seen !== null && found?.seen !== undefined && lookOf(found.seen) === looks
    },
  }
}

/** How an observation ended, without who and when. */
function lookOf(seen: Observation): string {
  const { kind, status, flags, details, failure, why } = seen as unknown as Record<string, unknown>
  return JSON.stringify([kind, status, flags, details, failure, why])
}

function expectationFailure(mesh: Mesh, name: string | null): Failure | string {
  const { report } = runScenario(mesh)
  if (report === null) return 'the mesh has errors'
  const failed = report.expectations.filter(verdict => !verdict.ok)
  const verdict = name === null ? failed[0] : failed.find(candidate => candidate.name === name)
  if (verdict === undefined) {
    const known = report.expectations.map(candidate => candidate.name)
    if (name === null) return 'no expectation fails: name what is seen instead, such as first(status==503)'
    return known.includes(name)
      ? `the expectation "${name}" holds in this run`
      : `there is no expectation "${name}"; there are ${known.join(', ')}`
  }
  const flags = flagsOf(report)
  const silent = verdict.requests === 0
  return {
    words: `${verdict.name}: expected ${verdict.expected}, seen ${verdict.seen}`,
    expectation: verdict.name,
    until: null,
    shownBy: smaller => {
      const { report: found } = runScenario(smaller)
      if (found === null) return false
      const again = found.expectations.find(candidate => candidate.name === verdict.name)
      if (again === undefined || again.ok || (again.requests === 0) !== silent) return false
      const now = flagsOf(found)
      return [...now].every(flag => flags.has(flag)) && (flags.size === 0 || now.size > 0)
    },
  }
}

function flagsOf({ traffic }: Report): Set<string> {
  return new Set(traffic.flatMap(row => row.flags.map(share => share.name)))
}
