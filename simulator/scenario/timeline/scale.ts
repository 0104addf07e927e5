// `scale`: a Deployment or StatefulSet gets another number of replicas, as `kubectl scale` has it.
import { z } from 'zod'
import { ControllerName, changeObject } from './controller.ts'
import { eventKind } from './types.ts'

export const scale = eventKind({
  schema: z.strictObject({ ...ControllerName, replicas: z.number().int().min(0) }),
  prepare: ({ replicas, ...which }) => ({
    what: `scale ${which.deployment ?? which.statefulSet} to ${replicas}`,
    run: stage => changeObject(stage, which, spec => ({ ...spec, replicas })),
  }),
})
