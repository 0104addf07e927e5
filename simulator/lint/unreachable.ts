// SIM0601: rules of a VirtualService that an earlier rule leaves nothing.
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type { HTTPRoute, VirtualService } from '../resources/networking/virtual-service.ts'
import type { Resource } from '../resources/types.ts'
import { httpCovers, l4Covers } from './covers.ts'
import type { LintedMesh, Linter } from './types.ts'

interface Rule<Match> {
  name?: string | undefined
  match?: Match[] | undefined
  /** The delegate's matches narrow its own: what it takes is not known here. */
  delegate?: unknown
}

type Covers<Match> = (wide: Match, narrow: Match, own: readonly string[]) => boolean

const nameOf = (rule: { name?: string | undefined }, index: number): string =>
  rule.name === undefined || rule.name === '' ? `rule #${index + 1}` : `rule ${JSON.stringify(rule.name)}`

/** A rule without matches has one that asks nothing. */
const matchesOf = <Match extends object>(rule: Rule<Match>): Match[] =>
  (rule.match ?? []).length === 0 ? [{} as Match] : (rule.match ?? [])

class Checker<Match extends object> {
  private readonly mesh: LintedMesh
  private readonly resource: Resource
  private readonly kind: string
  private readonly covers: Covers<Match>
  private readonly own: readonly string[]

  constructor(mesh: LintedMesh, resource: Resource, kind: string, covers: Covers<Match>, own: readonly string[]) {
    this.mesh = mesh
    this.resource = resource
    this.kind = kind
    this.covers = covers
    this.own = own
  }

  check(rules: readonly Rule<Match>[]): void {
    for (const [i, rule] of rules.entries()) {
      const takers = matchesOf(rule).map(match => this.taker(rules, i, match))
      const first = takers[0]
      if (first !== undefined && first !== null && takers.every(taker => taker !== null)) {
        this.report(rules, i, first, ['spec', this.kind, i], nameOf(rule, i))
        continue
      }
      for (const [j, taker] of takers.entries()) {
        if (taker === null) continue
        this.report(rules, i, taker, ['spec', this.kind, i, 'match', j], `match #${j + 1} of ${nameOf(rule, i)}`)
      }
    }
  }

  /** Index of the earlier rule that takes all that this match takes, or null. */
  private taker(rules: readonly Rule<Match>[], index: number, match: Match): number | null {
    const found = rules
      .slice(0, index)
      .findIndex(rule => !rule.delegate && matchesOf(rule).some(wide => this.covers(wide, match, this.own)))
    return found < 0 ? null : found
  }

  private report(rules: readonly Rule<Match>[], index: number, taker: number, path: Path, what: string): void {
    const earlier = rules[taker]
    if (earlier === undefined) return
    const line = this.resource.locate(['spec', this.kind, taker])?.line
    const where = line === undefined ? '' : ` (line ${line})`
    this.mesh.report(this.resource, {
      path,
      level: 'warning',
      message: `${what} is never reached: ${nameOf(earlier, taker)}${where} takes every request that it matches`,
      hint: `put ${nameOf(rules[index] ?? {}, index)} before ${nameOf(earlier, taker)}, or narrow what that one matches`,
    })
  }
}

export const unreachable: Linter = {
  name: 'lint.UnreachableRule',
  code: 'SIM0601',
  description: 'Checks for rules and matches of a VirtualService that an earlier rule leaves nothing.',
  lint(mesh) {
    for (const { resource, spec } of mesh.written<Loose<VirtualService>>('VirtualService')) {
      const own = (spec.gateways ?? []).length > 0 ? (spec.gateways ?? []) : ['mesh']
      new Checker(mesh, resource, 'http', httpCovers, own).check((spec.http ?? []) as Loose<HTTPRoute>[])
      new Checker(mesh, resource, 'tls', l4Covers, own).check(spec.tls ?? [])
      new Checker(mesh, resource, 'tcp', l4Covers, own).check(spec.tcp ?? [])
    }
  },
}
