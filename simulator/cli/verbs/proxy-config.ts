// `proxy-config`: istioctl's tables of what istiod sends to the proxy of one workload.
import { Argument } from 'commander'
import { clustersTable, endpointsTable, listenersTable, routesTable } from '../../proxy-config/index.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { configurationOf, type MeshFlags } from '../mesh.ts'
import { type DefineVerb, examples, filename, output, portNumber } from '../verb.ts'

const TABLES = ['clusters', 'endpoints', 'listeners', 'routes'] as const
type TableName = (typeof TABLES)[number]

export const defineProxyConfig: DefineVerb = program => {
  program
    .command('proxy-config')
    .alias('pc')
    .description("istioctl's tables of what one proxy was sent")
    .addArgument(new Argument('<table>', 'which part').choices([...TABLES]))
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .option('--fqdn <host>', 'clusters: this service only')
    .option('--direction <direction>', 'clusters: inbound or outbound')
    .option('--subset <name>', 'clusters: this subset only')
    .option('--port <port>', 'clusters, listeners: this port only', portNumber)
    .option('--address <address>', 'listeners: this address only')
    .option('--type <type>', 'listeners: HTTP, TCP or HTTP+TCP')
    .option('--name <name>', 'routes: this route configuration only')
    .addOption(output('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim proxy-config clusters productpage-v1 --scenario bookinfo',
        'meshsim proxy-config routes productpage-v1 -f mesh/ --name 9080',
        'meshsim pc listeners istio-ingressgateway.istio-system --scenario bookinfo -o json',
      ),
    )
    .action((table: TableName, workload: string, flags: TableFlags) => proxyConfig(table, workload, flags))
}

interface TableFlags extends MeshFlags {
  output: 'table' | 'json'
  fqdn?: string
  direction?: string
  subset?: string
  port?: number
  name?: string
  address?: string
  type?: string
}

/** One of istioctl's tables, or the same part as JSON. */
function proxyConfig(table: TableName, workload: string, flags: TableFlags): void {
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
