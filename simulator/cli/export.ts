// `export envoy`: one proxy as a bootstrap for an Envoy without Istio's own filters.
import { stockEnvoyBootstrap } from '../export/index.ts'
import { type MeshFlags, meshOf, proxyOf } from './mesh-flags.ts'

/** The bootstrap goes to stdout; what was left out, replaced or must be provided goes to stderr. */
export function exportEnvoy(workload: string, flags: MeshFlags): void {
  const world = meshOf(flags)
  const { node, configuration } = proxyOf(world, workload)
  const { bootstrap, notes } = stockEnvoyBootstrap(configuration, node, world.currentResources())
  for (const note of notes) process.stderr.write(`note: ${note}\n`)
  process.stdout.write(`${JSON.stringify(bootstrap, null, 2)}\n`)
}
