// Compares an observation with a recorded one, by the rules of the recordings' own comparison: exactly, or as shares of
// twenty pooled runs.
import type { Observed } from './case.ts'

const OPTIONAL = new Set([
  'hits',
  'latency_ms',
  'sequence',
  'proxy_sequence',
  'stats',
  'by_value',
  'body',
  'request_headers_at_server',
  'response_headers_at_client',
  'inbound',
])
/** Texts of libraries: never compared. */
const INFORMATIONAL = new Set(['client_errors', 'upstream_transport_failure', 'downstream_transport_failure'])
/** One draw of many: not compared where shares are. */
const ONE_OF_MANY = new Set(['sequence', 'proxy_sequence', 'by_value', 'call_trees', 'latency_ms'])
const KEYED_BY_POD: ReadonlySet<string> = new Set(['upstream_host'])
const NOTHING: ReadonlySet<string> = new Set()
const COOKIE_VALUE = /="[0-9a-f]{8,16}"/g
const EXPECTED_TIMEOUT = 'x-envoy-expected-rq-timeout-ms'
const SIGMAS = 4
const LATENCY_SHARE = 0.35
const LATENCY_MS = 60
/** In place of a response header's values when there are many. */
const VARIES = 'varies'

export interface Difference {
  where: string
  recorded: unknown
  now: unknown
}

/** The differences between what was recorded and the runs; for an exact step there is one run. */
export function compare(
  recorded: Observed,
  runs: readonly Observed[],
  statistical: boolean,
  varies: readonly string[],
): Difference[] {
  // Where it varies which pod answered, the recordings leave out what is keyed by the pod, too.
  const byPod = varies.includes('served_by') ? KEYED_BY_POD : NOTHING
  const c = new Comparison(statistical, total([recorded]), total(runs), byPod)
  const skipped = new Set([...varies, ...INFORMATIONAL, ...(statistical ? ONE_OF_MANY : [])])
  const keys = new Set(Object.keys(recorded))
  for (const run of runs) for (const key of Object.keys(run)) if (!OPTIONAL.has(key)) keys.add(key)
  for (const key of keys) {
    if (skipped.has(key)) continue
    if (key === 'latency_ms') c.latency(recorded[key], runs[0]?.[key])
    else if (key === 'request_headers_at_server' && statistical) c.names(key, recorded[key], runs)
    else {
      const missing = key === 'response_headers_at_client' ? {} : undefined
      c.value(
        key,
        recorded[key] ?? missing,
        runs.map(r => r[key] ?? missing),
      )
    }
  }
  return c.found
}

function total(runs: readonly Observed[]): number {
  let n = 0
  for (const run of runs) for (const v of Object.values(record(run.status))) if (typeof v === 'number') n += v
  return Math.max(1, n)
}

function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null && !Array.isArray(v)
}

function record(v: unknown): Record<string, unknown> {
  return isRecord(v) ? v : {}
}

/** Flags without what depends on timing alone: their order, and UC or UR for a closed connection. */
function flags(counts: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, number> = {}
  for (const [list, n] of Object.entries(counts)) {
    const names = list.split(',').map(f => (f === 'UR' ? 'UC' : f))
    const key = [...new Set(names)].sort((a, b) => (a < b ? -1 : 1)).join(',')
    out[key] = (out[key] ?? 0) + Number(n)
  }
  return out
}

/** The connections that no filter chain took; when others are logged depends on when they are closed. */
function refused(listener: unknown): unknown {
  const n = record(record(listener).response_flags).NR
  return n === undefined || n === 0 ? undefined : { response_flags: { NR: n } }
}

function isCount(v: unknown): boolean {
  return v === undefined || v === null || (typeof v === 'number' && Number.isInteger(v))
}

class Comparison {
  readonly found: Difference[] = []
  private readonly statistical: boolean
  private readonly totalRecorded: number
  private readonly totalNow: number
  private readonly leftOut: ReadonlySet<string>

  constructor(statistical: boolean, totalRecorded: number, totalNow: number, leftOut: ReadonlySet<string>) {
    this.statistical = statistical
    this.totalRecorded = totalRecorded
    this.totalNow = totalNow
    this.leftOut = leftOut
  }

  value(where: string, recordedValue: unknown, values: readonly unknown[]): void {
    const name = where.slice(where.lastIndexOf('.') + 1)
    if (this.leftOut.has(name) && recordedValue === undefined) return
    if (INFORMATIONAL.has(name) || recordedValue === VARIES || values.includes(VARIES)) return
    let recorded = recordedValue
    let now = values
    if (name === 'listener') {
      recorded = refused(recorded)
      now = now.map(refused)
    }
    const nothing = (v: unknown) => v === undefined || v === null
    if (
      (isRecord(recorded) && now.some(isRecord)) ||
      (this.statistical && (isRecord(recorded) || now.some(isRecord)))
    ) {
      const all = [record(recorded), ...now.map(record)].map(r => (name === 'response_flags' ? flags(r) : r))
      const keys = new Set(all.flatMap(r => Object.keys(r)))
      for (const key of keys)
        this.value(
          `${where}.${key}`,
          all[0]?.[key],
          all.slice(1).map(r => r[key]),
        )
      return
    }
    if (isCount(recorded) && now.every(isCount)) {
      const sum = now.reduce<number>((n, v) => n + Number(v ?? 0), 0)
      const ok = this.statistical ? this.close(Number(recorded ?? 0), sum) : Number(recorded ?? 0) === sum
      if (!ok) this.differ(where, recorded, this.statistical ? `${sum} of ${this.totalNow}` : now[0])
      return
    }
    if (name === EXPECTED_TIMEOUT && this.statistical === false) {
      if (Math.abs(Number(recorded) - Number(now[0])) <= LATENCY_MS) return
    }
    const wanted = canonical(recorded)
    const same = this.statistical
      ? now.some(v => canonical(v) === wanted) || (nothing(recorded) && now.every(nothing))
      : canonical(now[0]) === wanted
    if (!same) this.differ(where, recorded, now[0])
  }

  /** Only the names count: the values may be those of another request. */
  names(where: string, recorded: unknown, runs: readonly Observed[]): void {
    const wanted = Object.keys(record(recorded)).sort((a, b) => (a < b ? -1 : 1))
    const got = runs.map(r => Object.keys(record(r[where])).sort((a, b) => (a < b ? -1 : 1)))
    if (!got.some(g => g.join() === wanted.join())) this.differ(where, wanted, got[0])
  }

  latency(recorded: unknown, now: unknown): void {
    for (const [key, a] of Object.entries(record(recorded))) {
      const b = Number(record(now)[key] ?? 0)
      if (Math.abs(Number(a) - b) > LATENCY_SHARE * Number(a) + LATENCY_MS) this.differ(`latency_ms.${key}`, a, b)
    }
  }

  private close(recorded: number, sum: number): boolean {
    const n = Math.max(this.totalRecorded, recorded)
    const p = sum / Math.max(this.totalNow, sum)
    if (recorded > 0 && sum === 0) return false
    return Math.abs(recorded - n * p) <= SIGMAS * Math.sqrt(n * p * (1 - p)) + 1
  }

  private differ(where: string, recorded: unknown, now: unknown): void {
    this.found.push({ where, recorded, now })
  }
}

function canonical(v: unknown): string {
  if (v === undefined || v === null) return 'nothing'
  return (typeof v === 'string' ? v : JSON.stringify(v)).replace(COOKIE_VALUE, '=*')
}
