// telemetry.istio.io Telemetry: access logs, metrics and traces of workloads.
import { z } from 'zod'
import { PolicyTargetReference, WorkloadSelector } from '../common.ts'
import { duration, oneOf, orNull, rule } from '../schema-checks.ts'

export const ProviderRef = z.strictObject({
  name: z.string().min(1),
})
export type ProviderRef = z.infer<typeof ProviderRef>

export const AccessLogging = z.strictObject({
  disabled: orNull(z.boolean()),
  filter: z
    .strictObject({
      expression: z.string().optional(),
    })
    .optional(),
  match: z
    .strictObject({
      mode: z.enum(['CLIENT_AND_SERVER', 'CLIENT', 'SERVER']).optional(),
    })
    .optional(),
  providers: z.array(ProviderRef).optional(),
})
export type AccessLogging = z.infer<typeof AccessLogging>

export const MetricsOverrides = z.strictObject({
  disabled: orNull(z.boolean()),
  match: oneOf(
    z.strictObject({
      customMetric: z.string().min(1).optional(),
      metric: z
        .enum([
          'ALL_METRICS',
          'REQUEST_COUNT',
          'REQUEST_DURATION',
          'REQUEST_SIZE',
          'RESPONSE_SIZE',
          'TCP_OPENED_CONNECTIONS',
          'TCP_CLOSED_CONNECTIONS',
          'TCP_SENT_BYTES',
          'TCP_RECEIVED_BYTES',
          'GRPC_REQUEST_MESSAGES',
          'GRPC_RESPONSE_MESSAGES',
        ])
        .optional(),
      mode: z.enum(['CLIENT_AND_SERVER', 'CLIENT', 'SERVER']).optional(),
    }),
    'metric',
    'customMetric',
  ).optional(),
  tagOverrides: z
    .record(
      z.string(),
      rule(
        rule(
          z.strictObject({
            operation: z.enum(['UPSERT', 'REMOVE']).optional(),
            value: z.string().optional(),
          }),
          f => f['operation'] !== 'UPSERT' || (f['value'] !== undefined && f['value'] !== ''),
          'value must be set when operation is UPSERT',
        ),
        f => f['operation'] !== 'REMOVE' || f['value'] === undefined,
        'value must not be set when operation is REMOVE',
      ),
    )
    .optional(),
})
export type MetricsOverrides = z.infer<typeof MetricsOverrides>

export const Metrics = z.strictObject({
  overrides: z.array(MetricsOverrides).optional(),
  providers: z.array(ProviderRef).optional(),
  reportingInterval: duration().optional(),
})
export type Metrics = z.infer<typeof Metrics>

export const Tracing = z.strictObject({
  customTags: z
    .record(
      z.string(),
      oneOf(
        z.strictObject({
          environment: z
            .strictObject({
              defaultValue: z.string().optional(),
              name: z.string().min(1),
            })
            .optional(),
          formatter: z
            .strictObject({
              value: z.string().min(1),
            })
            .optional(),
          header: z
            .strictObject({
              defaultValue: z.string().optional(),
              name: z.string().min(1),
            })
            .optional(),
          literal: z
            .strictObject({
              value: z.string().min(1),
            })
            .optional(),
        }),
        'literal',
        'environment',
        'header',
        'formatter',
      ),
    )
    .optional(),
  disableContextPropagation: orNull(z.boolean()),
  disableSpanReporting: orNull(z.boolean()),
  enableIstioTags: orNull(z.boolean()),
  match: z
    .strictObject({
      mode: z.enum(['CLIENT_AND_SERVER', 'CLIENT', 'SERVER']).optional(),
    })
    .optional(),
  providers: z.array(ProviderRef).optional(),
  randomSamplingPercentage: orNull(z.number().min(0).max(100)),
  useRequestIdForTraceSampling: orNull(z.boolean()),
})
export type Tracing = z.infer<typeof Tracing>

export const Telemetry = oneOf(
  z.strictObject({
    accessLogging: z.array(AccessLogging).optional(),
    metrics: z.array(Metrics).optional(),
    selector: WorkloadSelector.optional(),
    targetRef: PolicyTargetReference.optional(),
    targetRefs: z.array(PolicyTargetReference).max(16).optional(),
    tracing: z.array(Tracing).optional(),
  }),
  'selector',
  'targetRef',
  'targetRefs',
)
export type Telemetry = z.infer<typeof Telemetry>
