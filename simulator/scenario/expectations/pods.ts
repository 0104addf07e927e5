// `pods`: how many ready pods a workload has at the end of the window, as `kubectl get deployment` would say.
import { z } from 'zod'
import type { World } from '../../world/index.ts'
import { workloadOf } from '../directory.ts'
import { boundsInWords, within } from './count.ts'
import { expectationKind, type Judgement, type Meter } from './types.ts'

const Whole = z.number().int().min(0)

const Pods = z.strictObject({
  workload: z.string().describe("The Deployment's name."),
  namespace: z.string().optional(),
  equals: Whole.optional(),
  min: Whole.optional(),
  max: Whole.optional(),
})
type PodsSpec = z.output<typeof Pods>

export const pods = expectationKind({
  schema: Pods,
  meter: spec => new PodsMeter(spec),
})

class PodsMeter implements Meter {
  readonly looksAt = [] as const
  private readonly spec: PodsSpec
  private ready = 0

  constructor(spec: PodsSpec) {
    this.spec = spec
  }

  observe(): void {
    // Looks at the mesh, not at requests.
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
