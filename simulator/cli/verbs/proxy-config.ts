// `proxy-config`: istioctl's tables of what one proxy has, of a mesh or of a config dump.
import { readFileSync } from 'node:fs'
import { Argument } from 'commander'
import { printYaml } from '../../documents/index.ts'
import { configDump } from '../../export/index.ts'
import { EPOCH_SECONDS } from '../../observation/index.ts'
import {
  clustersTable,
  type DumpParts,
  endpointsTable,
  filterClusters,
  filterEndpoints,
  filterListeners,
  filterRoutes,
  listenersTable,
  readDump,
  routesTable,
  secretsTable,
} from '../../proxy-config/index.ts'
import { readInlineCertificate } from '../../resources/certificate.ts'
import type { Json } from '../../xds/types.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { dumpSourceOf, type MeshFlags } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename, output, portNumber } from '../verb.ts'

const TABLES = ['clusters', 'endpoints', 'listeners', 'routes', 'secrets', 'bootstrap'] as const
type TableName = (typeof TABLES)[number]

/** istioctl's other names of the tables. */
const ALIASES: Readonly<Record<string, TableName>> = {
  cluster: 'clusters',
  c: 'clusters',
  endpoint: 'endpoints',
  ep: 'endpoints',
  listener: 'listeners',
  l: 'listeners',
  route: 'routes',
  r: 'routes',
  secret: 'secrets',
  s: 'secrets',
  b: 'bootstrap',
}

export const defineProxyConfig: DefineVerb = program => {
  program
    .command('proxy-config')
    .alias('pc')
    .description("istioctl's tables of what one proxy has: of a mesh, or of a config dump (-f DUMP without a workload)")
    .addArgument(new Argument('<table>', 'which part').choices([...TABLES, ...Object.keys(ALIASES)]))
    .argument('[workload]', 'name, name.namespace or deploy/name')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .addOption(atFlag())
    .option('--fqdn <host>', 'clusters: names with this part')
    .option('--direction <direction>', 'clusters: inbound or outbound')
    .option('--subset <name>', 'clusters: this subset only')
    .option('--port <port>', 'clusters, endpoints, listeners: this port only', portNumber)
    .option('--address <address>', 'endpoints, listeners: this address only')
    .option('--type <type>', 'listeners: HTTP, TCP or HTTP+TCP')
    .option('--cluster <name>', 'endpoints: of this cluster only')
    .option('--status <status>', 'endpoints: healthy, unhealthy, ...')
    .option('--name <name>', 'routes: this route configuration only')
    .addOption(output('short', 'json', 'yaml'))
    .addHelpText(
      'after',
      examples(
        'meshsim proxy-config clusters productpage-v1 --scenario bookinfo',
        'meshsim proxy-config routes productpage-v1 --scenario bookinfo-canary --at 95s --name 9080',
        'meshsim pc listeners -f dump.json --port 15006 -o yaml',
      ),
    )
    .action((table: string, workload: string | undefined, flags: TableFlags) =>
      proxyConfig(ALIASES[table] ?? (table as TableName), workload, flags),
    )
}

interface TableFlags extends MeshFlags {
  output: 'short' | 'json' | 'yaml'
  fqdn?: string
  direction?: string
  subset?: string
  port?: number
  name?: string
  address?: string
  type?: string
  cluster?: string
  status?: string
}

/** One of istioctl's tables, or what it shows as JSON or YAML. The bootstrap has no table. */
function proxyConfig(table: TableName, workload: string | undefined, flags: TableFlags): void {
  const parts = partsOf(workload, flags)
  if (flags.output === 'yaml') process.stdout.write(printYaml(shown(table, parts, flags)))
  else if (flags.output === 'json' || table === 'bootstrap') {
    process.stdout.write(`${JSON.stringify(shown(table, parts, flags), null, 4)}\n`)
  } else {
    const text = printTable(table, parts, flags)
    if (text === null) throw new CommandFailure(EXIT.other, `no ${table} found`)
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }
}

function partsOf(workload: string | undefined, flags: TableFlags): DumpParts {
  const parts =
    workload === undefined ? readDump(dumpFile(flags)) : readDump(configDump(dumpSourceOf(workload, flags)) as Json)
  if (parts === null) {
    throw new CommandFailure(EXIT.inputData, `${flags.filename?.[0]}: no config dump: it has no list "configs"`)
  }
  return parts
}

/** The dump that `-f` names when no workload is given. */
function dumpFile(flags: TableFlags): Json {
  const [file, ...more] = flags.filename ?? []
  if (file === undefined || more.length > 0 || flags.scenario !== undefined) {
    throw new CommandFailure(EXIT.usage, 'name a workload of the mesh, or give one config dump alone: -f dump.json')
  }
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as Json
  } catch (error) {
    throw new CommandFailure(EXIT.inputData, `${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function shown(table: TableName, parts: DumpParts, flags: TableFlags): unknown {
  if (table === 'clusters') return filterClusters(parts.clusters, flags)
  if (table === 'endpoints') return filterEndpoints(parts.endpoints, flags)
  if (table === 'listeners') return filterListeners(parts.listeners, flags)
  if (table === 'routes') return filterRoutes(parts.routes, flags)
  return parts[table]
}

function printTable(table: TableName, parts: DumpParts, flags: TableFlags): string | null {
  if (table === 'clusters') return clustersTable(parts.clusters, flags)
  if (table === 'endpoints') return endpointsTable(parts.endpoints, flags)
  if (table === 'listeners') return listenersTable(parts.listeners, flags)
  if (table === 'routes') return routesTable(parts.routes, flags)
  return secretsTable(parts.secrets, EPOCH_SECONDS * 1000, readInlineCertificate)
}
