// The classes of requests whose destination, policy or protection two meshes decide differently. Every way that a request
// can go in both is walked once; ways with equal change are one class, with a request that shows it.
import type { Json } from '../xds/types.ts'
import {
  ASPECTS,
  type Aspect,
  compareFates,
  destinationInWords,
  type Fate,
  INBOUND,
  protectionInWords,
  type Target,
} from './fate.ts'
import type { MeshView } from './mesh-view.ts'
import { type Ask, type Domain, explore, type Witness } from './symbolic.ts'
import { targetsOf } from './targets.ts'
import { differences, shortened } from './treatment.ts'
import { Vocabulary } from './vocabulary.ts'
import { walk } from './walk.ts'

export interface WitnessRequest extends Target {
  method: string
  path: string
  headers: Record<string, string>
  /** Issuer of the token that it brings, `bad` for one that is none; '' without. */
  token: string
  claims: Record<string, string>
}

export interface RequestClass {
  aspects: Aspect[]
  /** Who sends such requests, and to whom. */
  from: string[]
  to: string[]
  /** What they are, beside that, in words. */
  conditions: string[]
  before: { destination: string; protection: string }
  after: { destination: string; protection: string }
  /** Differences of treatment, one a line. */
  policy: string[]
  witness: WitnessRequest
  /** Configuration that decided on either side. */
  origins: string[]
}

export interface StaticDiff {
  classes: RequestClass[]
  /** Targets with more ways than are walked: their list of classes may be short. */
  incomplete: string[]
}

/** The two fates of one request, and whether and in what they differ. */
export interface Change {
  before: Fate
  after: Fate
  aspects: Aspect[]
  /** Equal for requests of one class. */
  key: string
}

/** What `ask` says of a request decides its fate in both meshes. */
export function changeOf(before: MeshView, after: MeshView, target: Target, ask: Ask): Change {
  const [was, is] = [walk(before, target, ask), walk(after, target, ask)]
  const compared = compareFates(was, is)
  const aspects = ASPECTS.filter(aspect => compared[aspect][0] !== compared[aspect][1])
  const key = aspects.map(aspect => `${aspect}: ${compared[aspect].join(' => ')}`).join('\n')
  return { before: was, after: is, aspects, key }
}

/** Values on either side of every test that the two meshes make. */
export function domainsOf(...views: readonly MeshView[]): Map<string, Domain> {
  const vocabulary = new Vocabulary()
  for (const view of views)
    for (const pod of view.world.pods.values()) vocabulary.gather(view.world.configuration(pod.id))
  return vocabulary.domains()
}

/** `watch` is told of each class found, with its key, for tests. */
export function staticDiff(
  before: MeshView,
  after: MeshView,
  watch?: (key: string, target: Target) => void,
): StaticDiff {
  const domains = domainsOf(before, after)
  const classes = new Map<string, RequestClass>()
  const incomplete: string[] = []
  for (const target of targetsOf(before, after)) {
    const { ways, complete } = explore(domains, ask => changeOf(before, after, target, ask))
    if (!complete) incomplete.push(`${target.from} -> ${target.host}:${target.port}`)
    for (const { result, witness } of ways) {
      if (result.aspects.length === 0) continue
      watch?.(result.key, target)
      take(classes, target, result, witness)
    }
  }
  return { classes: [...classes.values()].sort((a, b) => rank(a) - rank(b)), incomplete }
}

/** Changed destinations first, then protection, then what else. */
const rank = ({ aspects }: RequestClass): number =>
  aspects.includes('destination') ? 0 : aspects.includes('protection') ? 1 : 2

function take(classes: Map<string, RequestClass>, target: Target, change: Change, witness: Witness): void {
  const known = classes.get(change.key)
  const from = target.from === 'internet' ? `internet through ${target.via}` : target.from
  const to = `${target.tls ? 'tls' : 'http'}://${target.host}:${target.port}`
  if (known !== undefined) {
    if (!known.from.includes(from)) known.from.push(from)
    if (!known.to.includes(to)) known.to.push(to)
    return
  }
  const side = (fate: Fate): RequestClass['before'] => ({
    destination: destinationInWords(fate),
    protection: protectionInWords(fate),
  })
  classes.set(change.key, {
    aspects: change.aspects,
    from: [from],
    to: [to],
    conditions: [...new Set([...change.before.conditions, ...change.after.conditions])],
    before: side(change.before),
    after: side(change.after),
    policy: policyDifferences(change.before, change.after),
    witness: requestOfWitness(target, witness),
    origins: [...new Set([...change.before.origins, ...change.after.origins])],
  })
}

function policyDifferences(before: Fate, after: Fate): string[] {
  const read = (told: ReadonlySet<string> | undefined): Json | undefined => {
    const all = [...(told ?? [])].map(text => JSON.parse(text) as Json)
    return all.length === 1 ? all[0] : all
  }
  const places = [...new Set([...before.policy.keys(), ...after.policy.keys()])]
  const lines = places
    .filter(place => !place.endsWith(INBOUND) || (before.policy.has(place) && after.policy.has(place)))
    .flatMap(place => differences(read(before.policy.get(place)), read(after.policy.get(place)), place))
  return shortened(lines)
}

function requestOfWitness(target: Target, witness: Witness): WitnessRequest {
  const named = (kind: string): [string, string][] =>
    [...witness].flatMap(([property, value]) =>
      property.startsWith(`${kind} `) && value !== null
        ? [[property.slice(kind.length + 1), value] as [string, string]]
        : [],
    )
  const query = named('query').map(([name, value]) => `${name}=${value}`)
  const path = witness.get('path') ?? '/'
  return {
    ...target,
    method: witness.get('method') ?? 'GET',
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers: Object.fromEntries(named('header')),
    token: witness.get('token') ?? '',
    claims: Object.fromEntries(named('claim')),
  }
}
