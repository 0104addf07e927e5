// `istiod`: the control plane dies, comes back, gets slow, has more or fewer replicas, or is cut off from some proxies.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const istiod = eventKind({
  schema: z.strictObject({
    /** true: every replica dies; false: they start again. */
    down: z.boolean().optional(),
    /** All its work takes so many times as long; 1 = as it should. */
    slow: z.number().min(1).optional(),
    replicas: z.number().int().min(1).optional(),
  }),
  prepare: ({ down, slow, replicas }) => ({
    what: [
      down === undefined ? '' : down ? 'istiod dies' : 'istiod starts again',
      slow === undefined ? '' : slow === 1 ? 'istiod has its speed back' : `istiod is ${slow} times as slow`,
      replicas === undefined ? '' : `istiod has ${replicas} replicas`,
    ]
      .filter(word => word !== '')
      .join(', '),
    run: ({ world: { controlPlane } }) => {
      if (slow !== undefined) controlPlane.slow(slow)
      if (replicas !== undefined) controlPlane.scale(replicas)
      if (down !== undefined) controlPlane.outage(down)
    },
  }),
})
