// `serve`: hands a scenario to the server and stays until it is told to stop. The server is loaded only here, so that
// other verbs start fast.
import type { SourceFile } from '../resources/types.ts'
import { bareScenario, type ScenarioSpec } from '../scenario/index.ts'
import { readScenario, readSources } from './files.ts'
import type { ServeFlags } from './program.ts'

/** The port when nobody says otherwise. */
const DEFAULT_PORT = 8080

/** Prints the address once the mesh is served; returns after SIGTERM or SIGINT, when every viewer has been let go. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { scenario, files } = meshOf(flags)
  const port = flags.port ?? (Number(process.env['PORT'] ?? '') || DEFAULT_PORT)
  const { startServer } = await import('../server/index.ts')
  const server = await startServer({
    scenario,
    files,
    port,
    host: flags.host,
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
