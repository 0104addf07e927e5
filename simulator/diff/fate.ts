// What becomes of one request, as far as configuration decides it. Two fates are equal when the request goes to the same
// workloads in the same shares, is treated alike on its way, and is protected alike.
/** A request without its properties: who sends it, and where it is addressed. */
export interface Target {
  /** `name.namespace` of a workload, or `internet`. */
  from: string
  /** For `internet`: the workload of the gateway. */
  via: string
  host: string
  port: number
  /** The client itself speaks TLS, with the host as its server name. */
  tls: boolean
}

export interface Fate {
  /** Who gets it: text -> share of 1. An end that is no workload (`404: no route`) counts too. */
  destination: ReadonlyMap<string, number>
  /** Where it is treated -> the configurations of the treatment as JSON, names and metadata aside. */
  policy: ReadonlyMap<string, ReadonlySet<string>>
  /** Workload that is reached -> sentences on encryption and permission. */
  protection: ReadonlyMap<string, ReadonlySet<string>>
  /** Whose configuration decided, as istiod writes it into metadata. */
  origins: readonly string[]
  /** What a request must be to go this way, in words; with its opposite where it must not. */
  conditions: readonly string[]
}

export const ASPECTS = ['destination', 'policy', 'protection'] as const
export type Aspect = (typeof ASPECTS)[number]

const SHARE_DIGITS = 6

/** What differs between two fates: equal texts where an aspect did not change. */
export function compareFates(before: Fate, after: Fate): Record<Aspect, readonly [before: string, after: string]> {
  return {
    destination: [destinationOf(before), destinationOf(after)],
    policy: comparable(before.policy, after.policy, place => place.endsWith(INBOUND)),
    protection: comparable(before.protection, after.protection, () => true),
  }
}

function destinationOf({ destination }: Fate): string {
  return sorted(destination.keys())
    .map(name => `${name} ${(destination.get(name) ?? 0).toFixed(SHARE_DIGITS)}`)
    .join(', ')
}

/** How a place at the server's side ends: `reviews v1 inbound`. */
export const INBOUND = ' inbound'

type Told = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Places of both fates are held against each other. Of `servers` that only one fate knows, what counts is whether anything
 * is said there that is said nowhere in the other: to be led elsewhere is a change of destination, not of treatment.
 */
function comparable(before: Told, after: Told, server: (place: string) => boolean): [string, string] {
  const [was, is] = [before, after].map(side => new Set([...side.values()].map(textOf)))
  const side = (own: Told, other: Told, others: ReadonlySet<string>): string =>
    sorted(own.keys())
      .filter(place => other.has(place) || !server(place) || !others.has(textOf(own.get(place)!)))
      .filter(place => !other.has(place) || textOf(own.get(place)!) !== textOf(other.get(place)!))
      .map(place => `${place}: ${textOf(own.get(place)!)}`)
      .join('; ')
  return [side(before, after, is!), side(after, before, was!)]
}

const textOf = (told: ReadonlySet<string>): string => sorted(told).join(', ')

export const sorted = (texts: Iterable<string>): string[] => [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/** `reviews v1 90 %, reviews v2 10 %`. */
export function destinationInWords({ destination }: Fate): string {
  const parts = [...destination].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (parts.length === 1) return parts[0]![0]
  return parts.map(([name, share]) => `${name} ${Number((share * 100).toFixed(2))} %`).join(', ')
}

/** `mutual TLS, allowed`, with the workload before it where workloads differ. */
export function protectionInWords({ protection }: Fate): string {
  const kinds = new Set([...protection.values()].map(textOf))
  if (kinds.size === 1) return [...kinds][0]!
  return sorted(protection.keys())
    .map(place => `${place}: ${textOf(protection.get(place)!)}`)
    .join('; ')
}
