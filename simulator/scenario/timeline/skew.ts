// `skew`: the clocks of some pods are wrong: certificates and tokens are judged, and renewed, by them.
import { z } from 'zod'
import { parseDuration } from '../../engine/index.ts'
import { podsNamed } from './pods.ts'
import { eventKind } from './types.ts'

const SIGNED = /^(-?)(.+)$/

/** Microseconds; null where the text is no duration. */
function ahead(text: string): number | null {
  const [, sign = '', rest = ''] = SIGNED.exec(text) ?? []
  const us = parseDuration(rest)
  return us === null ? null : sign === '-' ? -us : us
}

export const skew = eventKind({
  schema: z.strictObject({
    /** `name.namespace` of pods, or of workloads with all their pods. */
    pods: z.array(z.string()).min(1),
    /** How far they are ahead (`10m`) or behind (`-10m`); `0s`: right again. */
    by: z.string(),
  }),
  check({ by }, _around, error) {
    if (ahead(by) === null) error(['by'], `${by} is no duration, as in 10m or -30s`)
  },
  prepare: ({ pods, by }) => ({
    what: `the clocks of ${pods.join(', ')} are off by ${by}`,
    run: ({ world, mark }) => {
      const found = podsNamed(world, pods)
      if (found.length === 0) mark(`no pod is called ${pods.join(' or ')}`)
      for (const { id } of found) world.citadel.setSkew(id, ahead(by) ?? 0)
    },
  }),
})
