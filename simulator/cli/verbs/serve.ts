// `serve`: hands a scenario to the server and stays until it is told to stop. The server is loaded only here, so that
// other verbs start fast.
import type { SourceFile } from '../../resources/types.ts'
import { bareScenario, type ScenarioSpec } from '../../scenario/index.ts'
import { ownShelf, readScenario, readSources } from '../files.ts'
import { type DefineVerb, examples, filename, portNumber, type ServeFlags } from '../verb.ts'

/** The port when nobody says otherwise. */
const DEFAULT_PORT = 8080

export const defineServe: DefineVerb = (program, context) => {
  program
    .command('serve')
    .description('show a living mesh in the browser')
    .argument('[scenario]', 'folder or name of a scenario', 'bookinfo')
    .addOption(filename())
    .option('-p, --port <port>', 'port on the loopback interface; the next free one when taken', portNumber)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--seed <seed>', 'seed of all dice')
    .addHelpText(
      'after',
      examples('meshsim serve', 'meshsim serve circuit-breaking --port 9000', 'meshsim serve -f mesh/'),
    )
    .action((scenario: string, flags: Omit<ServeFlags, 'scenario'>) => context.serve({ ...flags, scenario }))
}

/** Prints the address once the mesh is served; returns after SIGTERM or SIGINT, when every viewer has been let go. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { scenario, files } = meshOf(flags)
  const port = flags.port ?? (Number(process.env['PORT'] ?? '') || DEFAULT_PORT)
  const { startServer } = await import('../../server/index.ts')
  const server = await startServer({
    scenario,
    files,
    port,
    host: flags.host,
    shelf: ownShelf(),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
  })
  if (port !== 0 && server.port !== port) process.stderr.write(`port ${port} is taken, serving on ${server.port}\n`)
  process.stdout.write(`${server.url}\n`)
  await new Promise<void>(done => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
  await server.close()
}

function meshOf(flags: ServeFlags): { scenario: ScenarioSpec; files: SourceFile[] } {
  if (flags.filename === undefined) return readScenario(flags.scenario)
  return { scenario: bareScenario('documents', '24h'), files: readSources(flags.filename) }
}
