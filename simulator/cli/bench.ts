// `bench`: the only place where real time is read. One JSON line a row.
import { isWorkload, runBench } from '../bench/index.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'

/** Rows of `bench all`: enough requests for a steady figure, short enough to wait for. */
const ALL = [
  ['chain', 200_000],
  ['mesh', 50_000],
] as const

const measure = (): { wall: number; cpu: number } => {
  const cpu = process.cpuUsage()
  return { wall: performance.now() / 1e3, cpu: (cpu.user + cpu.system) / 1e6 }
}

export function bench(workload: string, requests: string | undefined, seed: string): void {
  if (workload === 'all') {
    for (const [name, count] of ALL) print(name, Number(requests ?? count), seed)
    return
  }
  print(workload, Number(requests ?? 50_000), seed)
}

function print(workload: string, requests: number, seed: string): void {
  if (!isWorkload(workload)) throw new CommandFailure(EXIT.usage, `${workload}: the workloads are chain, mesh and all`)
  if (!Number.isInteger(requests) || requests < 1)
    throw new CommandFailure(EXIT.usage, 'REQUESTS is a whole number, 1 or more')
  process.stdout.write(`${JSON.stringify(runBench(workload, requests, seed, measure))}\n`)
}
