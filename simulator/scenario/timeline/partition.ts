// `partition`: pods and istiod do not reach each other (their traffic goes on), or do again.
import { z } from 'zod'
import { workloadOf } from '../directory.ts'
import { eventKind } from './types.ts'

export const partition = eventKind({
  schema: z.strictObject({
    /** `name.namespace` of pods, or of workloads with all their pods. */
    fromIstiod: z.array(z.string()).min(1),
    /** true (default when absent): cut; false: whole again. */
    cut: z.boolean().optional(),
  }),
  prepare: ({ fromIstiod, cut = true }) => ({
    what: `${fromIstiod.join(', ')} ${cut ? 'cut off from istiod' : 'reached by istiod again'}`,
    run: ({ world }) => {
      const pods = [...world.pods.values()].filter(
        ({ id, workload }) =>
          fromIstiod.includes(id) || fromIstiod.includes(`${workloadOf(workload.name)}.${workload.namespace}`),
      )
      world.controlPlane.partition(new Set(pods.map(pod => pod.id)), cut)
    },
  }),
})
