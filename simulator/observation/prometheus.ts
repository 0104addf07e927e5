// Metrics as the text that Prometheus scrapes (exposition format 0.0.4), family by family as Envoy's /stats/prometheus
// prints them: a TYPE line, the series, no HELP.
import type { Buckets, Family, Labels, Sample } from './metrics.ts'

/** What one scrape of one pod found; `labels` are those that Prometheus adds to every series of it (pod, namespace). */
export interface Target {
  labels: Labels
  families: readonly Family[]
}

const ESCAPES: { [char: string]: string } = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

const escaped = (value: string): string => value.replace(/[\\"\n]/g, char => ESCAPES[char]!)

const labelText = (labels: Labels): string => labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')

const braced = (labels: Labels): string => (labels.length === 0 ? '' : `{${labelText(labels)}}`)

function histogramLines(name: string, { bounds, counts, sum, count }: Buckets, labels: Labels): string[] {
  const lines: string[] = []
  let below = 0
  for (const [i, within] of counts.entries()) {
    below += within
    const le = bounds[i] === undefined ? '+Inf' : String(bounds[i])
    lines.push(`${name}_bucket${braced([...labels, ['le', le]])} ${below}`)
  }
  lines.push(`${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${count}`)
  return lines
}

function seriesLines(family: Family, extra: Labels): string[] {
  if (family.type === 'histogram')
    return family.series.flatMap((one: Buckets) => histogramLines(family.name, one, [...one.labels, ...extra]))
  return family.series.map((one: Sample) => `${family.name}${braced([...one.labels, ...extra])} ${one.value}`)
}

/**
 * The text of several scrapes. One target without labels is what that pod's proxy itself answers. Families come in order of
 * their names, within a family the targets in the order given. Ends with a line feed; '' without any series.
 */
export function prometheusText(targets: readonly Target[]): string {
  const byName = new Map<string, { type: Family['type']; lines: string[] }>()
  for (const { labels, families } of targets) {
    for (const family of families) {
      const lines = seriesLines(family, labels)
      if (lines.length === 0) continue
      const known = byName.get(family.name)
      if (known === undefined) byName.set(family.name, { type: family.type, lines })
      else known.lines.push(...lines)
    }
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.join('\n')}\n`)
    .join('')
}
