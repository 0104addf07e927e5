// Flagger's Canary (flagger.app/v1beta1), as far as the controller here acts on it.
import { z } from 'zod'
import { IntOrString } from '../kubernetes/kinds.ts'

const Range = z.looseObject({ min: z.number().optional(), max: z.number().optional() })

export const Canary = z.looseObject({
  targetRef: z.looseObject({ kind: z.string().optional(), name: z.string() }),
  service: z.looseObject({
    name: z.string().optional(),
    port: z.number(),
    targetPort: IntOrString.optional(),
    portName: z.string().optional(),
    gateways: z.array(z.string()).optional(),
    hosts: z.array(z.string()).optional(),
  }),
  analysis: z.looseObject({
    /** Between two checks. */
    interval: z.string().optional(),
    /** Failed checks before the rollback. */
    threshold: z.number().optional(),
    /** Percent of traffic that the canary gets more at each good check, and at most. */
    stepWeight: z.number().optional(),
    maxWeight: z.number().optional(),
    metrics: z
      .array(
        z.looseObject({
          name: z.string(),
          thresholdRange: Range.optional(),
          interval: z.string().optional(),
        }),
      )
      .optional(),
  }),
})
export type Canary = z.infer<typeof Canary>
