// networking.istio.io ServiceEntry: hosts that are no Kubernetes Service, added to the registry.
import { z } from 'zod'
import { ServiceEntryEndpoint, WorkloadLabelSelector } from '../common.ts'
import { oneOf, rule, uniqueBy } from '../schema-checks.ts'

export const ServiceEntryPort = z.strictObject({
  name: z.string().max(256),
  number: z.int().min(1).max(65535),
  protocol: z.string().max(256).optional(),
  targetPort: z.int().min(1).max(65535).optional(),
})
export type ServiceEntryPort = z.infer<typeof ServiceEntryPort>

export const ServiceEntry = rule(
  rule(
    rule(
      oneOf(
        z.strictObject({
          addresses: z.array(z.string().max(64)).max(256).optional(),
          endpoints: z.array(ServiceEntryEndpoint).max(4096).optional(),
          exportTo: z.array(z.string()).optional(),
          hosts: z
            .array(z.string().refine(text => text !== '*', 'hostname cannot be wildcard'))
            .min(1)
            .max(256),
          location: z.enum(['MESH_EXTERNAL', 'MESH_INTERNAL']).optional(),
          ports: uniqueBy(uniqueBy(z.array(ServiceEntryPort).max(256), 'name'), 'number').optional(),
          resolution: z.enum(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS']).optional(),
          subjectAltNames: z.array(z.string()).optional(),
          workloadSelector: WorkloadLabelSelector.optional(),
        }),
        'workloadSelector',
        'endpoints',
      ),
      f =>
        !((f['addresses'] as string[] | undefined) ?? []).some(a => a.includes('/')) ||
        ['STATIC', 'NONE'].includes((f['resolution'] as string | undefined) ?? 'NONE'),
      'CIDR addresses are allowed only for NONE/STATIC resolution types',
    ),
    f => ((f['resolution'] as string | undefined) ?? 'NONE') !== 'NONE' || f['endpoints'] === undefined,
    'NONE mode cannot set endpoints',
  ),
  f => f['resolution'] !== 'DNS_ROUND_ROBIN' || ((f['endpoints'] as unknown[] | undefined) ?? []).length <= 1,
  'DNS_ROUND_ROBIN mode cannot have multiple endpoints',
)
export type ServiceEntry = z.infer<typeof ServiceEntry>
