// A request that is not decided yet. What judges it asks about one property at a time; where both answers are possible,
// judgement is repeated once for each. So every way that a request can go is found, and for each a request that goes it.

/** Values that a property may have; null = it is absent. */
export type Domain = readonly (string | null)[]

/** Does the property hold? Asked in an order that depends on earlier answers alone. */
export type Ask = (property: string, holds: (value: string | null) => boolean) => boolean

/** Property -> its value, for those that were asked about. */
export type Witness = ReadonlyMap<string, string | null>

export interface Way<T> {
  result: T
  witness: Witness
}

/** Judgements of one kind of request at most; beyond, the caller is told that ways are missing. */
const MAX_WAYS = 4_096

/** Runs `judge` once for each way that a request may go, its properties taken from the domains. */
export function explore<T>(
  domains: ReadonlyMap<string, Domain>,
  judge: (ask: Ask) => T,
): { ways: Way<T>[]; complete: boolean } {
  const ways: Way<T>[] = []
  const open: Map<string, Domain>[] = [new Map()]
  for (let box = open.pop(); box !== undefined; box = open.pop()) {
    if (ways.length === MAX_WAYS) return { ways, complete: false }
    const here = box
    const result = judge((property, holds) => {
      const values = here.get(property) ?? domains.get(property) ?? [null]
      const yes = values.filter(value => holds(value))
      if (yes.length === values.length || yes.length === 0) {
        here.set(property, values)
        return yes.length > 0
      }
      open.push(
        new Map(here).set(
          property,
          values.filter(value => !holds(value)),
        ),
      )
      here.set(property, yes)
      return true
    })
    ways.push({ result, witness: new Map([...here].map(([property, values]) => [property, values[0] ?? null])) })
  }
  return { ways, complete: true }
}

/** Answers for a request that is decided. */
export const concrete =
  (request: Witness): Ask =>
  (property, holds) =>
    holds(request.get(property) ?? null)
