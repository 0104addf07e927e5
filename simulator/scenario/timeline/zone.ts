// `loseZone`: every pod of a zone dies at once, as when its power fails.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const loseZone = eventKind({
  /** Name of the zone, as in the label topology.kubernetes.io/zone. */
  schema: z.string().min(1),
  prepare: zone => ({
    what: `zone ${zone} is lost`,
    run: ({ world, mark }) => {
      const pods = [...world.pods.values()].filter(pod => pod.workload.locality.zone === zone)
      if (pods.length === 0) mark(`no pod is in zone ${zone}`)
      world.loseZone(zone)
    },
  }),
})
