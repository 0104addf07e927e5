// Messages that several Istio kinds share (istio/api type/v1beta1 and the reused parts of networking).
import { z } from 'zod'
import {
  duration,
  labelMatch,
  maxKeys,
  oneOf,
  orNull,
  protoDuration,
  rule,
  selectorLabels,
  uniqueBy,
} from './schema-checks.ts'

export const WorkloadSelector = z.strictObject({
  matchLabels: labelMatch().optional(),
})
export type WorkloadSelector = z.infer<typeof WorkloadSelector>

export const PolicyTargetReference = z.strictObject({
  group: z
    .string()
    .max(253)
    .regex(/^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
    .optional(),
  kind: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/),
  name: z.string().min(1).max(253),
  namespace: z
    .string()
    .refine(text => text === '', 'cross namespace referencing is not currently supported')
    .optional(),
})
export type PolicyTargetReference = z.infer<typeof PolicyTargetReference>

export const VmConfig = z.strictObject({
  env: uniqueBy(
    z
      .array(
        rule(
          z.strictObject({
            name: z.string().min(1).max(256),
            value: z.string().max(2048).optional(),
            valueFrom: z.enum(['INLINE', 'HOST']).optional(),
          }),
          f => f['valueFrom'] !== 'HOST' || f['value'] === undefined,
          'value may only be set when valueFrom is INLINE',
        ),
      )
      .max(256),
    'name',
  ).optional(),
})
export type VmConfig = z.infer<typeof VmConfig>

export const ConnectionPoolSettings = z.strictObject({
  http: z
    .strictObject({
      h2UpgradePolicy: z.enum(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']).optional(),
      http1MaxPendingRequests: z.int32().optional(),
      http2KeepAlive: z
        .strictObject({
          interval: duration().optional(),
          timeout: duration().optional(),
        })
        .optional(),
      http2MaxRequests: z.int32().optional(),
      idleTimeout: duration().optional(),
      maxConcurrentStreams: z.int32().optional(),
      maxRequestsPerConnection: z.int32().optional(),
      maxRetries: z.int32().optional(),
      useClientProtocol: z.boolean().optional(),
    })
    .optional(),
  tcp: z
    .strictObject({
      connectTimeout: duration().optional(),
      idleTimeout: protoDuration().optional(),
      maxConnectionDuration: duration().optional(),
      maxConnections: z.int32().optional(),
      tcpKeepalive: z
        .strictObject({
          interval: duration().optional(),
          probes: z.int().min(0).max(4294967295).optional(),
          time: duration().optional(),
        })
        .optional(),
    })
    .optional(),
})
export type ConnectionPoolSettings = z.infer<typeof ConnectionPoolSettings>

export const PortSelector = z.strictObject({
  number: z.int().min(0).max(4294967295).optional(),
})
export type PortSelector = z.infer<typeof PortSelector>

export const WorkloadLabelSelector = z.strictObject({
  labels: selectorLabels().optional(),
})
export type WorkloadLabelSelector = z.infer<typeof WorkloadLabelSelector>

export const ServerTLSSettings = oneOf(
  oneOf(
    oneOf(
      z.strictObject({
        caCertCredentialName: z.string().optional(),
        caCertificates: z.string().optional(),
        caCrl: z.string().optional(),
        cipherSuites: z.array(z.string()).optional(),
        credentialName: z.string().optional(),
        credentialNames: z.array(z.string()).min(1).max(2).optional(),
        ecdhCurves: z.array(z.string()).optional(),
        httpsRedirect: z.boolean().optional(),
        insecureSkipVerify: orNull(z.boolean()),
        maxProtocolVersion: z.enum(['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3']).optional(),
        minProtocolVersion: z.enum(['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3']).optional(),
        mode: z
          .enum(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'])
          .optional(),
        privateKey: z.string().optional(),
        serverCertificate: z.string().optional(),
        subjectAltNames: z.array(z.string()).optional(),
        tlsCertificates: z
          .array(
            z.strictObject({
              caCertificates: z.string().optional(),
              privateKey: z.string().optional(),
              serverCertificate: z.string().optional(),
            }),
          )
          .min(1)
          .max(2)
          .optional(),
        verifyCertificateHash: z.array(z.string()).optional(),
        verifyCertificateSpki: z.array(z.string()).optional(),
      }),
      'tlsCertificates',
      'credentialNames',
    ),
    'credentialName',
    'credentialNames',
  ),
  'credentialNames',
  'tlsCertificates',
)
export type ServerTLSSettings = z.infer<typeof ServerTLSSettings>

export const ServiceEntryEndpoint = rule(
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
export type ServiceEntryEndpoint = z.infer<typeof ServiceEntryEndpoint>

export const Destination = z.strictObject({
  host: z.string(),
  port: PortSelector.optional(),
  subset: z.string().optional(),
})
export type Destination = z.infer<typeof Destination>
