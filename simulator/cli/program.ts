// The verbs of the command line. stdout carries only the answer; talk, warnings and errors go to stderr.
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { MODEL, VERSION } from '../scenario/index.ts'
import { type AnalyzeFlags, analyze } from './analyze.ts'
import { bench } from './bench.ts'
import { completion } from './completion.ts'
import { configDump, type MeshFlags, proxyConfig, TABLES, type TableFlags, type TableName } from './config-dump.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { type RunFlags, run, test } from './run.ts'
import { listScenarios, showScenario } from './scenarios.ts'

/** Starts the server of `serve`; resolves when it has been told to stop. */
export type Serve = (flags: ServeFlags) => Promise<void>

export interface ServeFlags {
  /** Name or folder of a scenario; bookinfo when absent. */
  scenario: string
  filename?: string[]
  port?: number
  host: string
  seed?: string
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

function portNumber(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is 0 to 65535.')
  return port
}

const output = (...choices: string[]): Option =>
  new Option('-o, --output <format>', 'form of the answer').choices(choices).default(choices[0])

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map(line => `  $ ${line}`).join('\n')}`

const FILES = 'file, directory or - for stdin; may be repeated'

/** Runs one command line (without `node` and the script); resolves to the exit code. */
export async function main(args: readonly string[], serve: Serve): Promise<number> {
  let code: number = EXIT.good
  const program = build(serve, found => {
    code = found
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage
    if (error instanceof CommandFailure) {
      process.stderr.write(`error: ${error.message}\n`)
      return error.code
    }
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT.other
  }
}

function build(serve: Serve, end: (code: number) => void): Command {
  const program = new Command('meshsim')
    .description(`A whole Istio mesh in one process. Model: ${MODEL}.`)
    .version(VERSION, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      examples('meshsim serve', 'meshsim run bookinfo-canary --seed 8', 'meshsim analyze -f my-mesh/'),
    )
  // Subcommands inherit exitOverride and suggestions from the program they are made by.
  program
    .command('serve')
    .description('show a living mesh in the browser')
    .argument('[scenario]', 'folder or name of a scenario', 'bookinfo')
    .option('-f, --filename <path>', FILES, collect)
    .option('-p, --port <port>', 'port on the loopback interface; the next free one when taken', portNumber)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--seed <seed>', 'seed of all dice')
    .addHelpText(
      'after',
      examples('meshsim serve', 'meshsim serve circuit-breaking --port 9000', 'meshsim serve -f mesh/'),
    )
    .action((scenario: string, flags: Omit<ServeFlags, 'scenario'>) => serve({ ...flags, scenario }))
  program
    .command('run')
    .description('run one scenario (or plain documents) and print its report')
    .argument('[scenario]', 'folder or name of a scenario')
    .option('-f, --filename <path>', FILES, collect)
    .option('--seed <seed>', 'seed of all dice')
    .option('--duration <time>', 'virtual time to run, e.g. 90s')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim run bookinfo-canary',
        'meshsim run scenarios/bookinfo --seed 7 -o json',
        'meshsim run -f mesh.yaml',
      ),
    )
    .action((scenario: string | undefined, flags: RunFlags) => end(run(scenario, flags)))
  program
    .command('test')
    .description('run all scenarios below the directories and judge their expectations')
    .argument('<dirs...>', 'directories')
    .option('--seed <seed>', 'seed of all dice')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples('meshsim test scenarios', 'meshsim test scenarios/bookinfo-canary --seed 2', 'meshsim test a b -o json'),
    )
    .action((dirs: string[], flags: RunFlags) => end(test(dirs, flags)))
  program
    .command('analyze')
    .description('what istioctl analyze says of documents, without running them')
    .argument('[files...]', FILES)
    .option('-f, --filename <path>', FILES, collect)
    .addOption(
      new Option('--failure-threshold <level>', 'least level that ends in exit code 79')
        .choices(['info', 'warning', 'error'])
        .default('error'),
    )
    .option('-n, --namespace <namespace>', 'findings of this namespace and of cluster-wide resources only')
    .option('--no-use-kube', 'leave Services, Pods, Namespaces and what needs them aside, as istioctl --use-kube=false')
    .option('-L, --list-analyzers', 'name the analyzers and end')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim analyze -f mesh/',
        'kustomize build . | meshsim analyze -',
        'meshsim analyze a.yaml b.yaml -o json',
      ),
    )
    .action((files: string[], flags: AnalyzeFlags) => end(analyze(files, flags)))
  program
    .command('proxy-config')
    .alias('pc')
    .description("istioctl's tables of what one proxy was sent")
    .addArgument(new Argument('<table>', 'which part').choices([...TABLES]))
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .option('-f, --filename <path>', FILES, collect)
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
  program
    .command('config-dump')
    .description('all that istiod sends to one proxy, as JSON')
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .option('-f, --filename <path>', FILES, collect)
    .option('--scenario <name>', 'the mesh of a scenario')
    .addHelpText(
      'after',
      examples(
        'meshsim config-dump productpage-v1 --scenario bookinfo',
        'meshsim config-dump deploy/reviews-v1 -f mesh/',
        'meshsim config-dump a.default -f a.yaml -f b.yaml',
      ),
    )
    .action((workload: string, flags: MeshFlags) => configDump(workload, flags))
  program
    .command('bench')
    .description('measure the event loop on a workload; one JSON line a row')
    .argument('<workload>', 'chain, mesh or all')
    .argument('[requests]', 'requests to run')
    .argument('[seed]', 'seed of all dice', '1')
    .addHelpText('after', examples('meshsim bench chain 200000 1', 'meshsim bench mesh 50000 7', 'meshsim bench all'))
    .action(async (workload: string, requests: string | undefined, seed: string) =>
      end(await bench(workload, requests, seed)),
    )
  const scenario = program
    .command('scenario')
    .description('the scenarios that come with meshsim')
    .addHelpText(
      'after',
      examples('meshsim scenario list', 'meshsim scenario show bookinfo', 'meshsim scenario list -o json'),
    )
  scenario
    .command('list')
    .description('names and titles')
    .addOption(output('text', 'json'))
    .action((flags: { output: 'text' | 'json' }) => listScenarios(flags.output))
  scenario
    .command('show')
    .description('what one teaches')
    .argument('<name>', 'folder or name')
    .addOption(output('text', 'json'))
    .action((name: string, flags: { output: 'text' | 'json' }) => showScenario(name, flags.output))
  program
    .command('completion')
    .description('completion script for a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      examples(
        'source <(meshsim completion bash)',
        'meshsim completion zsh > _meshsim',
        'meshsim completion fish | source',
      ),
    )
    .action((shell: string) => {
      process.stdout.write(completion(shell, program))
    })
  program
    .command('version')
    .description('version of meshsim and of what it models')
    .addOption(output('text', 'json'))
    .addHelpText('after', examples('meshsim version', 'meshsim version -o json', 'meshsim --version'))
    .action((flags: { output: 'text' | 'json' }) => {
      const facts = { version: VERSION, model: MODEL }
      process.stdout.write(flags.output === 'json' ? `${JSON.stringify(facts)}\n` : `meshsim ${VERSION} (${MODEL})\n`)
    })
  return program
}
