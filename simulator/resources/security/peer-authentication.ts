// security.istio.io PeerAuthentication: mutual TLS modes of a workload and its ports.
import { z } from 'zod'
import { WorkloadSelector } from '../common.ts'
import { minKeys, rule } from '../schema-checks.ts'

export const PeerAuthentication = rule(
  z.strictObject({
    mtls: z
      .strictObject({
        mode: z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']).optional(),
      })
      .optional(),
    portLevelMtls: minKeys(
      z.record(
        z.string(),
        z.strictObject({
          mode: z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']).optional(),
        }),
      ),
      1,
    )
      .refine(
        ports => Object.keys(ports).every(key => /^\d+$/.test(key) && Number(key) > 0 && Number(key) <= 65535),
        'port must be between 1-65535',
      )
      .optional(),
    selector: WorkloadSelector.optional(),
  }),
  f =>
    f['portLevelMtls'] === undefined ||
    Object.keys((f['selector'] as { matchLabels?: object } | undefined)?.matchLabels ?? {}).length > 0,
  'portLevelMtls requires selector',
)
export type PeerAuthentication = z.infer<typeof PeerAuthentication>
