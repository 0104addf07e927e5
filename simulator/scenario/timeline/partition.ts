// `partition`: pods and istiod do not reach each other (their traffic goes on), or two groups of pods do not; or they do again.
import { z } from 'zod'
import { podsNamed } from './pods.ts'
import { eventKind } from './types.ts'

/** `name.namespace` of pods, or of workloads with all their pods. */
const Pods = z.array(z.string()).min(1)

export const partition = eventKind({
  schema: z.strictObject({
    fromIstiod: Pods.optional(),
    /** Two groups: nothing travels between them, in either direction, and no connection is told. */
    between: z.tuple([Pods, Pods]).optional(),
    /** true (default when absent): cut; false: whole again. */
    cut: z.boolean().optional(),
  }),
  check({ fromIstiod, between }, _around, error) {
    if (fromIstiod === undefined && between === undefined) error([], 'says neither fromIstiod nor between')
  },
  prepare: ({ fromIstiod, between, cut = true }) => ({
    what: [
      fromIstiod === undefined
        ? ''
        : `${fromIstiod.join(', ')} ${cut ? 'cut off from istiod' : 'reached by istiod again'}`,
      between === undefined
        ? ''
        : `${between[0].join(', ')} and ${between[1].join(', ')} ${cut ? 'cut off from each other' : 'reach each other again'}`,
    ]
      .filter(word => word !== '')
      .join('; '),
    run: ({ world, mark }) => {
      const find = (names: readonly string[]): Set<string> => {
        const pods = podsNamed(world, names)
        if (pods.length === 0) mark(`no pod is called ${names.join(' or ')}`)
        return new Set(pods.map(pod => pod.id))
      }
      if (fromIstiod !== undefined) world.controlPlane.partition(find(fromIstiod), cut)
      if (between !== undefined) world.partition(find(between[0]), find(between[1]), cut)
    },
  }),
})
