// networking.istio.io WorkloadEntry: one workload that is no pod.
import { z } from 'zod'
import { maxKeys, rule } from '../schema-checks.ts'

export const WorkloadEntry = rule(
  rule(
    z.strictObject({
      address: z
        .string()
        .max(256)
        .refine(
          text => !text.startsWith('unix://') || text[7] === '/' || text[7] === '@',
          'UDS must be an absolute path or abstract socket',
        )
        .refine(text => !text.startsWith('unix://') || !text.endsWith('/'), 'UDS may not be a dir')
        .optional(),
      labels: maxKeys(z.record(z.string(), z.string()), 256).optional(),
      locality: z.string().max(2048).optional(),
      network: z.string().max(2048).optional(),
      ports: maxKeys(z.record(z.string(), z.int().min(1).max(65535)), 128)
        .refine(
          ports =>
            Object.keys(ports).every(key => key.length < 63 && /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(key)),
          'port name must be valid',
        )
        .optional(),
      serviceAccount: z.string().max(253).optional(),
      weight: z.int32().min(0).max(4294967295).optional(),
    }),
    f => f['address'] !== undefined || f['network'] !== undefined,
    'Address is required',
  ),
  f => !String(f['address'] ?? '').startsWith('unix://') || f['ports'] === undefined,
  'UDS may not include ports',
)
export type WorkloadEntry = z.infer<typeof WorkloadEntry>
