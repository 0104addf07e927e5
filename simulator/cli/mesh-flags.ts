// The verbs that look at one proxy of a mesh: which mesh, which proxy, what istiod sends it.
import type { ProxyNode } from '../registry/types.ts'
import { bareScenario, createSimulation, workloadOf } from '../scenario/index.ts'
import { type Pod, proxyNode, type World } from '../world/index.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report } from './files.ts'

export interface MeshFlags {
  filename?: string[]
  scenario?: string
}

/** The mesh of `-f` and `--scenario`, brought up but not run. */
export function meshOf(flags: MeshFlags): World {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const sources = [...(folder?.files ?? []), ...readSources(flags.filename ?? [])]
  if (sources.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const { simulation, diagnostics } = createSimulation({ scenario: bareScenario('documents'), files: sources })
  report(diagnostics, sources)
  if (simulation === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors')
  return simulation.world
}

/** One proxy and what istiod sends to it. */
export interface ChosenProxy {
  node: ProxyNode
  configuration: ProxyConfiguration
}

/** The proxy of `workload` (`name`, `name.namespace`, `deploy/name`, a pod's name). */
export function proxyOf(world: World, workload: string): ChosenProxy {
  const pod = podOf(world, workload)
  const configuration = world.configuration(pod.id)
  if (configuration === null) throw new CommandFailure(EXIT.inputData, `${workload} has no proxy`)
  return { node: proxyNode(pod.workload, pod.annotations), configuration }
}

function podOf(world: World, workload: string): Pod {
  const asked = workload.slice(workload.indexOf('/') + 1)
  for (const pod of world.pods.values()) {
    const { name, namespace } = pod.workload
    const names = [name, workloadOf(name)]
    if (names.includes(asked) || names.some(n => `${n}.${namespace}` === asked)) return pod
  }
  const known = [...new Set([...world.pods.values()].map(pod => workloadOf(pod.workload.name)))]
  throw new CommandFailure(EXIT.inputData, `there is no workload ${workload}; there are ${known.join(', ')}`)
}
