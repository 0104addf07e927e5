// `pods`: how many ready pods a workload has at the end of the window, as `kubectl get deployment` would say.
import { z } from 'zod'
import type { World } from '../../world/index.ts'
import { workloadOf } from '../directory.ts'
import { boundFields, boundsInWords, within } from './bounds.ts'
import { MeshMeter } from './mesh-meter.ts'
import { expectationKind, type Judgement } from './types.ts'

const Pods = z.strictObject({
  workload: z.string().describe("The Deployment's name."),
  namespace: z.string().optional(),
  ...boundFields,
})
type PodsSpec = z.output<typeof Pods>

export const pods = expectationKind({
  schema: Pods,
  meter: spec => new PodsMeter(spec),
})

class PodsMeter extends MeshMeter {
  private readonly spec: PodsSpec
  private ready = 0

  constructor(spec: PodsSpec) {
    super()
    this.spec = spec
  }

  inspect(world: World): void {
    const { workload, namespace = 'default' } = this.spec
    const mine = [...world.pods.values()].map(pod => pod.workload)
    this.ready = mine.filter(
      pod => pod.namespace === namespace && workloadOf(pod.name) === workload && pod.ready && pod.terminating !== true,
    ).length
  }

  judge(): Judgement {
    const { spec, ready } = this
    return {
      ok: within(ready, spec),
      expected: `ready pods of ${spec.workload} ${boundsInWords(spec)}`,
      seen: String(ready),
    }
  }
}
