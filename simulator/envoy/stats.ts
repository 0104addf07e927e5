// Counters of one proxy by Envoy's names. Whoever counts asks for its counter once, when its configuration is compiled.

export interface Counter {
  value: number
}

export type CounterOf = (name: string) => Counter

/** A counter goes on counting when the configuration that names it is replaced, as Envoy's do. */
export class Stats {
  private readonly counters = new Map<string, Counter>()

  readonly counter: CounterOf = name => {
    let found = this.counters.get(name)
    if (found === undefined) {
      found = { value: 0 }
      this.counters.set(name, found)
    }
    return found
  }

  /** 0 = never counted. */
  value(name: string): number {
    return this.counters.get(name)?.value ?? 0
  }

  /** Counters that have counted, by name. */
  all(): [name: string, value: number][] {
    return [...this.counters]
      .filter(([, { value }]) => value > 0)
      .map(([name, { value }]): [string, number] => [name, value])
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }
}
