// `cordon`: no pod is scheduled on a node any more, as `kubectl cordon` has it; or it may be again.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const cordon = eventKind({
  schema: z.strictObject({
    /** Name of a Node document. */
    node: z.string(),
    /** true (default when absent): cordon; false: uncordon. */
    on: z.boolean().optional(),
  }),
  prepare: ({ node, on = true }) => ({
    what: `${on ? 'cordon' : 'uncordon'} ${node}`,
    run: ({ world, mark }) => {
      if (!world.nodeEvents.cordon(node, on)) mark(`there is no Node ${node}`)
    },
  }),
})
