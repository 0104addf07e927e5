// `bench`: the only place where real time is read. One JSON line a row.
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, Worker } from 'node:worker_threads'
import {
  type BenchRow,
  configDocuments,
  isWorkload,
  type Measure,
  type PushBenchRow,
  runBench,
  runFloor,
  runPushBench,
  runTranslateBench,
  type TranslateBenchRow,
  type WorkloadName,
} from '../../bench/index.ts'
import { examine } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { type DefineVerb, examples } from '../verb.ts'

/** Rows of `bench all`: enough requests for a steady figure, short enough to wait for. */
const ALL = [
  ['chain', 200_000],
  ['mesh', 50_000],
] as const

/** Endpoint changes of `bench push` when nobody says. */
const PUSH_CHANGES = 1_000

/** Edited VirtualServices of `bench translate` when nobody says. */
const TRANSLATE_CHANGES = 20

/**
 * What a request makes dies with it. In a young generation of this size (MB; a third of it is one half-space) most of it is
 * dead before the collector looks; Node's own 48 cost a quarter of the time. Only a thread can be given its own.
 */
const YOUNG_GENERATION_MB = 192

/** Resources of `bench config` when nobody says. */
const CONFIG_RESOURCES = 5_000

const measure: Measure = (collect = false) => {
  if (collect) collectGarbage()
  const cpu = process.cpuUsage()
  const heap = getHeapStatistics().used_heap_size
  return { wall: performance.now() / 1e3, cpu: (cpu.user + cpu.system) / 1e6, heap }
}

/** The collector is no part of the language: V8 shows it to contexts made after the flag is set. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

export const defineBench: DefineVerb = (program, { end }) => {
  program
    .command('bench')
    .description('measure the event loop on a workload; one JSON line a row')
    .argument('<workload>', 'chain, mesh, push, translate, config or all')
    .argument('[requests]', 'requests to run; push: endpoint changes; translate: edits; config: resources')
    .argument('[seed]', 'seed of all dice', '1')
    .addHelpText('after', examples('meshsim bench chain 200000 1', 'meshsim bench mesh 50000 7', 'meshsim bench all'))
    .action(async (workload: string, requests: string | undefined, seed: string) =>
      end(await bench(workload, requests, seed)),
    )
}

/** Runs the command in a thread of its own; resolves to the exit code. */
function bench(workload: string, requests: string | undefined, seed: string): Promise<number> {
  if (!isMainThread) {
    measureRows(workload, requests, seed)
    return Promise.resolve(EXIT.good)
  }
  const thread = new Worker(new URL(import.meta.url), {
    argv: process.argv.slice(2),
    execArgv: process.execArgv,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  return new Promise((resolve, reject) => {
    thread.on('error', reject)
    thread.on('exit', resolve)
  })
}

/** `all`: our rows beside the floor of the same run, and what share of the floor they reach. */
function measureRows(workload: string, requests: string | undefined, seed: string): void {
  if (workload === 'push') {
    printWithMemory(runPushBench(countOf(requests, PUSH_CHANGES), seed, measure))
    return
  }
  if (workload === 'translate') {
    printWithMemory(runTranslateBench(countOf(requests, TRANSLATE_CHANGES), measure))
    return
  }
  if (workload === 'config') {
    printConfig(countOf(requests, CONFIG_RESOURCES))
    return
  }
  if (workload !== 'all') {
    print(runBench(named(workload), countOf(requests, 50_000), seed, measure))
    return
  }
  for (const [name, count] of ALL) {
    const floor = runFloor(name, countOf(requests, count), seed, measure)
    const row = runBench(name, countOf(requests, count), seed, measure)
    print(floor)
    print(row)
    const share = row.hops / row.cpu / (floor.hops / floor.cpu)
    process.stderr.write(
      `${name}: ${Math.round(row.hops / row.cpu)} hops per CPU second, ${share.toFixed(4)} of the floor\n`,
    )
  }
  printWithMemory(runTranslateBench(TRANSLATE_CHANGES, measure))
  printConfig(CONFIG_RESOURCES)
}

function named(workload: string): WorkloadName {
  if (isWorkload(workload)) return workload
  throw new CommandFailure(EXIT.usage, `${workload}: the workloads are chain, mesh, push, translate, config and all`)
}

function countOf(requests: string | undefined, fallback: number): number {
  const count = Number(requests ?? fallback)
  if (Number.isInteger(count) && count >= 1) return count
  throw new CommandFailure(EXIT.usage, 'REQUESTS is a whole number, 1 or more')
}

const print = (row: BenchRow): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

/** With what the process holds when all is done: megabytes of resident memory. */
const printWithMemory = (row: PushBenchRow | TranslateBenchRow): void => {
  const memory = Math.round(process.memoryUsage().rss / 1_048_576)
  process.stdout.write(`${JSON.stringify({ ...row, memory })}\n`)
}

/** Loading, analysers and lint of a large mesh: seconds, and megabytes of resident memory when all is done. */
function printConfig(count: number): void {
  const files = [{ name: 'mesh.yaml', content: configDocuments(count) }]
  const before = measure()
  const { resources, remarks } = examine(files)
  const after = measure()
  const row = {
    workload: 'config',
    resources,
    remarks: remarks.length,
    wall: after.wall - before.wall,
    cpu: after.cpu - before.cpu,
    memory: Math.round(process.memoryUsage().rss / 1_048_576),
  }
  process.stdout.write(`${JSON.stringify(row)}\n`)
}
