// networking.istio.io ProxyConfig (the resource): concurrency, image and environment of proxies.
import { z } from 'zod'
import { WorkloadSelector } from '../common.ts'
import { orNull } from '../schema-checks.ts'

export const ProxyConfig = z.strictObject({
  concurrency: orNull(z.int32().min(0)),
  environmentVariables: z.record(z.string(), z.string().max(2048)).optional(),
  image: z
    .strictObject({
      imageType: z.string().optional(),
    })
    .optional(),
  selector: WorkloadSelector.optional(),
})
export type ProxyConfig = z.infer<typeof ProxyConfig>
