// Pods by the names that a timeline gives them.
import type { Pod, World } from '../../world/index.ts'
import { workloadOf } from '../directory.ts'

/** `name.namespace` of pods, or of workloads with all their pods. */
export function podsNamed(world: World, names: readonly string[]): Pod[] {
  return [...world.pods.values()].filter(
    ({ id, workload }) => names.includes(id) || names.includes(`${workloadOf(workload.name)}.${workload.namespace}`),
  )
}
