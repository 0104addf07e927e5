// `drain`: as `kubectl drain --ignore-daemonsets`: the node is cordoned and its pods are evicted, as far and as soon as
// PodDisruptionBudgets allow.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const drain = eventKind({
  schema: z.strictObject({
    /** Name of a Node document. */
    node: z.string(),
    /** Also pods that no controller would make again; false when absent. */
    force: z.boolean().optional(),
    /** Deletes pods instead of evicting them: no budget is asked. False when absent. */
    disableEviction: z.boolean().optional(),
  }),
  prepare: ({ node, force = false, disableEviction = false }) => ({
    what: `drain ${node}`,
    run: ({ world, mark }) => {
      if (!world.nodeEvents.drain(node, { force, disableEviction })) mark(`there is no Node ${node}`)
    },
  }),
})
