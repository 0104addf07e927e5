// The mesh that `-f` and `--scenario` name, for verbs that ask about one proxy of it.
import { overlay } from '../diff/index.ts'
import type { DumpSource } from '../export/index.ts'
import { EPOCH_SECONDS } from '../observation/index.ts'
import { bareScenario, type Moment, type Simulation, simulationAt, stopInWords, workloadOf } from '../scenario/index.ts'
import type { Pod, World } from '../world/index.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report } from './files.ts'

export interface MeshFlags {
  filename?: string[]
  scenario?: string
  /** Where in the scenario's run one looks; its start when absent. */
  at?: Moment
}

/** The simulation that the flags mean, at the moment that they name; plain documents get a scenario without load. */
export function simulationOf(flags: MeshFlags): Simulation {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const sources = overlay(folder?.files ?? [], readSources(flags.filename ?? []))
  if (sources.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const scenario = folder?.scenario ?? bareScenario('documents')
  const at = flags.at ?? { at: 0 }
  const { simulation, diagnostics, stop } = simulationAt({ scenario, files: sources }, at)
  report(diagnostics, sources)
  if (simulation === null || stop === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors')
  if (!stop.reached) throw new CommandFailure(EXIT.inputData, stopInWords(stop, at))
  if (stop.witness !== '') process.stderr.write(`${stopInWords(stop, at)}\n`)
  return simulation
}

/** The proxy of `workload` (`name`, `name.namespace`, `deploy/name`, a pod's name), what istiod sends to it, its certificates. */
export function dumpSourceOf(workload: string, flags: MeshFlags): DumpSource {
  const { world } = simulationOf(flags)
  const pod = podOf(world, workload)
  const configuration = world.configuration(pod.id)
  if (configuration === null || pod.node === null) throw new CommandFailure(EXIT.inputData, `${workload} has no proxy`)
  return {
    node: pod.node,
    identity: world.citadel.of(pod.id).certificate,
    configuration,
    resources: world.currentResources(),
    signedAt: EPOCH_SECONDS * 1000,
    version: '1',
  }
}

/** What that proxy is sent. */
export const configurationOf = (workload: string, flags: MeshFlags): ProxyConfiguration =>
  dumpSourceOf(workload, flags).configuration

/** The pod that `name`, `name.namespace`, `deploy/name` or a pod's name means. */
export function podOf(world: World, workload: string): Pod {
  const asked = workload.slice(workload.indexOf('/') + 1)
  for (const pod of world.pods.values()) {
    const { name, namespace } = pod.workload
    const names = [name, workloadOf(name)]
    if (names.includes(asked) || names.some(n => `${n}.${namespace}` === asked)) return pod
  }
  const known = [...new Set([...world.pods.values()].map(pod => workloadOf(pod.workload.name)))]
  throw new CommandFailure(EXIT.inputData, `there is no workload ${workload}; there are ${known.join(', ')}`)
}
