// The mesh that `-f` and `--scenario` name, for verbs that ask about one proxy of it.
import { bareScenario, createSimulation, type Simulation, workloadOf } from '../scenario/index.ts'
import type { World } from '../world/index.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report } from './files.ts'

export interface MeshFlags {
  filename?: string[]
  scenario?: string
}

/** The simulation that the flags mean, at its start; plain documents get a scenario without load. */
export function simulationOf(flags: MeshFlags): Simulation {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const sources = [...(folder?.files ?? []), ...readSources(flags.filename ?? [])]
  if (sources.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const scenario = folder?.scenario ?? bareScenario('documents')
  const { simulation, diagnostics } = createSimulation({ scenario, files: sources })
  report(diagnostics, sources)
  if (simulation === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors')
  return simulation
}

/** What the proxy of `workload` (`name`, `name.namespace`, `deploy/name`, a pod's name) is sent. */
export function configurationOf(workload: string, flags: MeshFlags): ProxyConfiguration {
  const { world } = simulationOf(flags)
  const configuration = world.configuration(podOf(world, workload))
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
