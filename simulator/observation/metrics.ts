// Metrics as Prometheus knows them: families of labelled counters, gauges and histograms. A store belongs to one proxy; who
// counts asks once for its counter and keeps it.

/** Upper bounds of every histogram of Envoy and Istio, in ms or bytes (api: sidecar.istio.io/statsHistogramBuckets). */
export const HISTOGRAM_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]

export type Labels = readonly (readonly [name: string, value: string])[]

/** One line of counters or gauges. */
export class Sample {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels, value = 0) {
    this.labels = labels
    this.value = value
  }
}

/** Observed values in buckets. Sum and count are exact; Envoy's own sum is approximated from its finer buckets. */
export class Buckets {
  readonly labels: Labels
  readonly bounds: readonly number[]
  /** Values at most as great as the bound of the same index, and greater than the one before. The last: beyond all. */
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(labels: Labels, bounds: readonly number[] = HISTOGRAM_BOUNDS) {
    this.labels = labels
    this.bounds = bounds
    this.counts = new Array(bounds.length + 1).fill(0)
  }

  add(value: number): void {
    let i = 0
    while (i < this.bounds.length && value > this.bounds[i]!) i++
    this.counts[i]!++
    this.sum += value
    this.count++
  }
}

export type Family =
  | { name: string; type: 'counter' | 'gauge'; series: readonly Sample[] }
  | { name: string; type: 'histogram'; series: readonly Buckets[] }

const keyOf = (labels: Labels): string => labels.map(([name, value]) => `${name}=${value}`).join('\n')

const byName = <T>([a]: [string, T], [b]: [string, T]): number => (a < b ? -1 : a > b ? 1 : 0)

const sorted = <T>(series: ReadonlyMap<string, T>): T[] => [...series].sort(byName).map(([, one]) => one)

/** Counters and histograms by name and labels. */
export class Metrics {
  private readonly samples = new Map<string, { type: 'counter' | 'gauge'; series: Map<string, Sample> }>()
  private readonly histograms = new Map<string, Map<string, Buckets>>()

  counter(name: string, labels: Labels): Sample {
    return this.sample('counter', name, labels)
  }

  gauge(name: string, labels: Labels): Sample {
    return this.sample('gauge', name, labels)
  }

  histogram(name: string, labels: Labels): Buckets {
    let series = this.histograms.get(name)
    if (series === undefined) {
      series = new Map()
      this.histograms.set(name, series)
    }
    const key = keyOf(labels)
    let found = series.get(key)
    if (found === undefined) {
      found = new Buckets(labels)
      series.set(key, found)
    }
    return found
  }

  /** All families by name, their series by labels. */
  families(): Family[] {
    const families: [string, Family][] = []
    for (const [name, { type, series }] of this.samples) families.push([name, { name, type, series: sorted(series) }])
    for (const [name, series] of this.histograms)
      families.push([name, { name, type: 'histogram', series: sorted(series) }])
    return families.sort(byName).map(([, family]) => family)
  }

  private sample(type: 'counter' | 'gauge', name: string, labels: Labels): Sample {
    let family = this.samples.get(name)
    if (family === undefined) {
      family = { type, series: new Map() }
      this.samples.set(name, family)
    }
    const key = keyOf(labels)
    let found = family.series.get(key)
    if (found === undefined) {
      found = new Sample(labels)
      family.series.set(key, found)
    }
    return found
  }
}
