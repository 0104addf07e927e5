// `loseZone`: the power of a zone fails: its nodes are lost as `loseNode` has it; in a mesh without Nodes its pods die at once.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const loseZone = eventKind({
  /** Name of the zone, as in the label topology.kubernetes.io/zone. */
  schema: z.string().min(1),
  prepare: zone => ({
    what: `zone ${zone} is lost`,
    run: ({ world, mark }) => {
      if (!world.nodeEvents.loseZone(zone)) mark(`nothing is in zone ${zone}`)
    },
  }),
})
