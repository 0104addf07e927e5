// `behave`: a workload's application changes its ways from now on (gets slow, fails, recovers). Requests that it already
// serves end as they began; counters such as `failFirst` begin anew.
import { z } from 'zod'
import { checkBehaviour } from '../../world/apps/index.ts'
import { workloadOf } from '../directory.ts'
import { Behaviour } from '../schema-apps.ts'
import { eventKind } from './types.ts'

export const behave = eventKind({
  schema: z.strictObject({
    /** Deployment's (or Pod's) name. */
    workload: z.string(),
    namespace: z.string().optional(),
    behaviour: Behaviour,
  }),
  check({ behaviour }, _around, error) {
    const wrong = checkBehaviour(behaviour)
    if (wrong !== null) error(['behaviour', ...wrong.path], wrong.message)
  },
  prepare: ({ workload, namespace = 'default', behaviour }) => ({
    what: `${workload} behaves anew`,
    run: ({ world, applications }) => {
      for (const [id, application] of applications) {
        const pod = world.pods.get(id)?.workload
        if (pod?.namespace !== namespace || (pod.name !== workload && workloadOf(pod.name) !== workload)) continue
        application.setBehaviour(behaviour)
      }
    },
  }),
})
