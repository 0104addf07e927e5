// `config-dump` and `proxy-config`: what istiod sends to the proxy of one workload, as JSON or as istioctl's tables.
import { clustersTable, endpointsTable, listenersTable, routesTable } from '../proxy-config/index.ts'
import { bareScenario, createSimulation, workloadOf } from '../scenario/index.ts'
import type { World } from '../world/index.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report } from './files.ts'

export const TABLES = ['clusters', 'endpoints', 'listeners', 'routes'] as const
export type TableName = (typeof TABLES)[number]

export interface MeshFlags {
  filename?: string[]
  scenario?: string
}

export interface TableFlags extends MeshFlags {
  output: 'table' | 'json'
  fqdn?: string
  direction?: string
  subset?: string
  port?: number
  name?: string
  address?: string
  type?: string
}

/** The whole configuration as JSON. */
export function configDump(workload: string, flags: MeshFlags): void {
  process.stdout.write(`${JSON.stringify(configurationOf(workload, flags), null, 2)}\n`)
}

/** One of istioctl's tables, or the same part as JSON. */
export function proxyConfig(table: TableName, workload: string, flags: TableFlags): void {
  const configuration = configurationOf(workload, flags)
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(configuration[table], null, 2)}\n`)
    return
  }
  const text = printTable(table, configuration, flags)
  if (text === null) throw new CommandFailure(EXIT.other, `no ${table} found`)
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

function printTable(table: TableName, configuration: ProxyConfiguration, flags: TableFlags): string | null {
  const { fqdn, direction, subset, port, name, address, type } = flags
  const given = <T extends Record<string, unknown>>(filter: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
    Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
      [K in keyof T]?: Exclude<T[K], undefined>
    }
  if (table === 'clusters') return clustersTable(configuration.clusters, given({ fqdn, direction, subset, port }))
  if (table === 'endpoints') return endpointsTable(configuration.endpoints)
  if (table === 'listeners') return listenersTable(configuration.listeners, given({ port, address, type }))
  return routesTable(configuration.routes, given({ name }))
}

/** What the proxy of `workload` (`name`, `name.namespace`, `deploy/name`, a pod's name) is sent. */
function configurationOf(workload: string, flags: MeshFlags): ProxyConfiguration {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const sources = [...(folder?.files ?? []), ...readSources(flags.filename ?? [])]
  if (sources.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const { simulation, diagnostics } = createSimulation({ scenario: bareScenario('documents'), files: sources })
  report(diagnostics, sources)
  if (simulation === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors')
  const configuration = simulation.world.configuration(podOf(simulation.world, workload))
  if (configuration === null) throw new CommandFailure(EXIT.inputData, `${workload} has no proxy`)
  return configuration
}

function podOf(world: World, workload: string): string {
  const asked = workload.slice(workload.indexOf('/') + 1)
  for (const pod of world.pods.values()) {
    const { name, namespace } = pod.workload
    const names = [name, workloadOf(name)]
    if (names.includes(asked) || names.some(n => `${n}.${namespace}` === asked)) return pod.id
  }
  const known = [...new Set([...world.pods.values()].map(pod => workloadOf(pod.workload.name)))]
  throw new CommandFailure(EXIT.inputData, `there is no workload ${workload}; there are ${known.join(', ')}`)
}
