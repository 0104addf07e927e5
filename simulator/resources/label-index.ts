// Objects by their labels, and selectors by the labels that they ask for: what one chooses of many without looking at each.

type Labels = Readonly<Record<string, string | undefined>>

type Pair = [key: string, value: string | undefined]

const carries = (labels: Labels, pairs: readonly Pair[]): boolean =>
  pairs.every(([key, value]) => labels[key] === value)

function add<T>(map: Map<string, T[]>, key: string, item: T): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [item])
  else known.push(item)
}

const pairKey = (namespace: string, key: string, value: string | undefined): string => `${namespace}\0${key}\0${value}`

/** Stands for all namespaces; no namespace has this name. */
const EVERYWHERE = '*'

/** Answers "which objects does this selector choose?", in order of arrival. */
export class LabelIndex<T extends { namespace: string; labels: Labels }> {
  private readonly byNamespace = new Map<string, T[]>()
  private readonly byPair = new Map<string, T[]>()

  constructor(items: Iterable<T>) {
    for (const item of items) {
      for (const namespace of [item.namespace, EVERYWHERE]) {
        add(this.byNamespace, namespace, item)
        for (const [key, value] of Object.entries(item.labels)) add(this.byPair, pairKey(namespace, key, value), item)
      }
    }
  }

  /** `namespace` null: in all of them. A selector without labels chooses everything. */
  select(namespace: string | null, selector: Labels | null | undefined): readonly T[] {
    const pairs = Object.entries(selector ?? {})
    const candidates = this.candidates(namespace ?? EVERYWHERE, pairs)
    return pairs.length === 0 ? candidates : candidates.filter(({ labels }) => carries(labels, pairs))
  }

  /** Does it choose anything? */
  chooses(namespace: string | null, selector: Labels | null | undefined): boolean {
    const pairs = Object.entries(selector ?? {})
    return this.candidates(namespace ?? EVERYWHERE, pairs).some(({ labels }) => carries(labels, pairs))
  }

  /** The shortest list that holds all that is chosen. */
  private candidates(namespace: string, pairs: readonly Pair[]): readonly T[] {
    let fewest = this.byNamespace.get(namespace) ?? []
    for (const [key, value] of pairs) {
      const found = this.byPair.get(pairKey(namespace, key, value)) ?? []
      if (found.length < fewest.length) fewest = found
    }
    return fewest
  }
}

/** Answers "which selectors choose these labels?", in order of arrival. A selector without labels is not asked for. */
export class SelectorIndex<T> {
  private readonly byPair = new Map<string, { item: T; selector: Labels; order: number }[]>()

  constructor(items: Iterable<T>, describe: (item: T) => { namespace: string; selector: Labels | null | undefined }) {
    let order = 0
    for (const item of items) {
      const { namespace, selector } = describe(item)
      const [first] = Object.entries(selector ?? {})
      if (first === undefined) continue
      add(this.byPair, pairKey(namespace, first[0], first[1]), { item, selector: selector ?? {}, order: order++ })
    }
  }

  choosing(namespace: string, labels: Labels): T[] {
    return Object.entries(labels)
      .flatMap(([key, value]) => this.byPair.get(pairKey(namespace, key, value)) ?? [])
      .filter(({ selector }) => carries(labels, Object.entries(selector)))
      .sort((left, right) => left.order - right.order)
      .map(({ item }) => item)
  }
}
