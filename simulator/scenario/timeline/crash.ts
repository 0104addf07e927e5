// `crash`: the process of an application exits (a panic, out of memory). Its connections are reset; the kubelet starts the
// container again, at once the first time and after a growing back-off later.
import { z } from 'zod'
import { workloadOf } from '../directory.ts'
import { eventKind } from './types.ts'

export const crash = eventKind({
  schema: z.strictObject({
    /** Deployment's or StatefulSet's name (all its pods), or one pod's. */
    workload: z.string(),
    namespace: z.string().optional(),
    /** As the event tells it; "the container exited" when absent. */
    reason: z.string().optional(),
  }),
  prepare: ({ workload, namespace = 'default', reason = 'the container exited' }) => ({
    what: `${workload} crashes`,
    run: ({ world, mark }) => {
      const pods = [...world.pods.values()].filter(
        ({ workload: { name, namespace: own } }) =>
          own === namespace && (name === workload || workloadOf(name) === workload),
      )
      const hit = pods.filter(pod => world.crash(pod.id, reason))
      if (hit.length === 0) mark(`no pod of a controller is called ${workload} in ${namespace}`)
    },
  }),
})
