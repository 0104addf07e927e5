// networking.istio.io WorkloadGroup: the template of WorkloadEntries and their probe.
import { z } from 'zod'
import { maxKeys, oneOf, rule } from '../schema-checks.ts'

export const ReadinessProbe = oneOf(
  z.strictObject({
    exec: z
      .strictObject({
        command: z.array(z.string().min(1)),
      })
      .optional(),
    failureThreshold: z.int32().min(0).optional(),
    grpc: z
      .strictObject({
        port: z.int().min(1).max(65535).optional(),
        service: z.string().optional(),
      })
      .optional(),
    httpGet: z
      .strictObject({
        host: z.string().optional(),
        httpHeaders: z
          .array(
            z.strictObject({
              name: z
                .string()
                .regex(/^[-_A-Za-z0-9]+$/)
                .optional(),
              value: z.string().optional(),
            }),
          )
          .optional(),
        path: z.string().optional(),
        port: z.int().min(1).max(65535),
        scheme: z
          .string()
          .refine(text => ['', 'HTTP', 'HTTPS'].includes(text), 'scheme must be one of [HTTP, HTTPS]')
          .optional(),
      })
      .optional(),
    initialDelaySeconds: z.int32().min(0).optional(),
    periodSeconds: z.int32().min(0).optional(),
    successThreshold: z.int32().min(0).optional(),
    tcpSocket: z
      .strictObject({
        host: z.string().optional(),
        port: z.int().min(1).max(65535),
      })
      .optional(),
    timeoutSeconds: z.int32().min(0).optional(),
  }),
  'httpGet',
  'tcpSocket',
  'exec',
  'grpc',
)
export type ReadinessProbe = z.infer<typeof ReadinessProbe>

export const WorkloadTemplate = rule(
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
  f => !String(f['address'] ?? '').startsWith('unix://') || f['ports'] === undefined,
  'UDS may not include ports',
)
export type WorkloadTemplate = z.infer<typeof WorkloadTemplate>

export const WorkloadGroup = z.strictObject({
  metadata: z
    .strictObject({
      annotations: maxKeys(z.record(z.string(), z.string()), 256).optional(),
      labels: maxKeys(z.record(z.string(), z.string()), 256).optional(),
    })
    .optional(),
  probe: ReadinessProbe.optional(),
  template: WorkloadTemplate,
})
export type WorkloadGroup = z.infer<typeof WorkloadGroup>
