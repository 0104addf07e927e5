// One scenario under many seeds: how often each expectation held, and the figures of each load with the interval in which
// their true mean lies with 95 % confidence (Student's t over the runs).
import type { Report } from './report.ts'

export interface Estimate {
  mean: number
  /** Half of the interval's width; 0 with a single run. */
  margin: number
  min: number
  max: number
}

export interface LoadEstimates {
  load: string
  requests: Estimate
  /** Share of requests, 0..1. */
  errors: Estimate
  /** µs */
  p50: Estimate
  p99: Estimate
}

export interface SeedStudy {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'SeedStudy'
  scenario: string
  seeds: string[]
  ok: boolean
  /** In how many runs each expectation held, and the seeds in which it did not. */
  expectations: { name: string; held: number; failedSeeds: string[] }[]
  loads: LoadEstimates[]
  runs: { seed: string; ok: boolean; fingerprint: string }[]
}

/** All reports are of the same scenario. */
export function studyOf(reports: readonly Report[]): SeedStudy {
  const first = reports[0]
  const names = first?.expectations.map(verdict => verdict.name) ?? []
  return {
    apiVersion: 'meshsim.io/v1alpha1',
    kind: 'SeedStudy',
    scenario: first?.scenario ?? '',
    seeds: reports.map(report => report.seed),
    ok: reports.every(report => report.ok),
    expectations: names.map((name, i) => {
      const failedSeeds = reports.filter(report => report.expectations[i]?.ok !== true).map(report => report.seed)
      return { name, held: reports.length - failedSeeds.length, failedSeeds }
    }),
    loads: (first?.clients ?? []).map(({ source }) => estimatesOf(source, reports)),
    runs: reports.map(({ seed, ok, fingerprint }) => ({ seed, ok, fingerprint })),
  }
}

function estimatesOf(load: string, reports: readonly Report[]): LoadEstimates {
  const rows = reports.flatMap(report => report.clients.filter(client => client.source === load))
  return {
    load,
    requests: estimate(rows.map(row => row.requests)),
    errors: estimate(rows.map(row => (row.requests === 0 ? 0 : row.errors / row.requests))),
    p50: estimate(rows.map(row => row.latency.p50)),
    p99: estimate(rows.map(row => row.latency.p99)),
  }
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the normal's. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]
const NORMAL95 = 1.96

/** Mean of the values and its margin. */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length
  if (n === 0) return { mean: 0, margin: 0, min: 0, max: 0 }
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0)
  const margin = n < 2 ? 0 : (T95[n - 2] ?? NORMAL95) * Math.sqrt(squares / (n - 1) / n)
  return { mean, margin, min: Math.min(...values), max: Math.max(...values) }
}
