// `kill`: pods die at once. Their connections are reset; istiod learns of it as it would.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const kill = eventKind({
  /** `name.namespace` of each pod. */
  schema: z.array(z.string()).min(1),
  prepare: pods => ({
    what: `kill ${pods.join(', ')}`,
    run: ({ world }) => {
      for (const id of pods) world.setWorkload({ id, killed: true })
    },
  }),
})
