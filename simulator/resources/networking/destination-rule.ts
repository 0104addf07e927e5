// networking.istio.io DestinationRule: what happens on the way to a host once it is chosen: subsets, load balancing, pools, outliers, TLS.
import { z } from 'zod'
import { ConnectionPoolSettings, PortSelector, WorkloadSelector } from '../common.ts'
import { duration, oneOf, orNull, protoDuration } from '../schema-checks.ts'

export const ConsistentHashLB = oneOf(
  oneOf(
    z.strictObject({
      httpCookie: z
        .strictObject({
          attributes: z
            .array(
              z.strictObject({
                name: z.string(),
                value: z.string().optional(),
              }),
            )
            .optional(),
          name: z.string(),
          path: z.string().optional(),
          ttl: protoDuration().optional(),
        })
        .optional(),
      httpHeaderName: z.string().optional(),
      httpQueryParameterName: z.string().optional(),
      maglev: z
        .strictObject({
          tableSize: z.int().min(0).optional(),
        })
        .optional(),
      minimumRingSize: z.int().min(0).optional(),
      ringHash: z
        .strictObject({
          minimumRingSize: z.int().min(0).optional(),
        })
        .optional(),
      useSourceIp: z.boolean().optional(),
    }),
    'httpHeaderName',
    'httpCookie',
    'useSourceIp',
    'httpQueryParameterName',
  ),
  'ringHash',
  'maglev',
)
export type ConsistentHashLB = z.infer<typeof ConsistentHashLB>

export const LocalityLoadBalancerSetting = z.strictObject({
  distribute: z
    .array(
      z.strictObject({
        from: z.string().optional(),
        to: z.record(z.string(), z.int().min(0).max(4294967295)).optional(),
      }),
    )
    .optional(),
  enabled: orNull(z.boolean()),
  failover: z
    .array(
      z.strictObject({
        from: z.string().optional(),
        to: z.string().optional(),
      }),
    )
    .optional(),
  failoverPriority: z.array(z.string()).optional(),
})
export type LocalityLoadBalancerSetting = z.infer<typeof LocalityLoadBalancerSetting>

export const WarmupConfiguration = z.strictObject({
  aggression: orNull(z.number().min(0)),
  duration: duration(),
  minimumPercent: orNull(z.number().min(0).max(100)),
})
export type WarmupConfiguration = z.infer<typeof WarmupConfiguration>

export const ZoneAwareLoadBalancerSetting = z.strictObject({
  enabled: orNull(z.boolean()),
  failover: z
    .array(
      z.strictObject({
        from: z.string().optional(),
        to: z.string().optional(),
      }),
    )
    .optional(),
  failoverPriority: z.array(z.string()).optional(),
  minClusterSize: orNull(z.int().min(1).max(4294967295)),
})
export type ZoneAwareLoadBalancerSetting = z.infer<typeof ZoneAwareLoadBalancerSetting>

export const LoadBalancerSettings = oneOf(
  z.strictObject({
    backendUtilization: z
      .strictObject({
        errorUtilizationPenaltyPercent: z.int().min(0).max(4294967295).optional(),
        metricNamesForComputingUtilization: z.array(z.string()).optional(),
        weightExpirationPeriod: z.string().optional(),
        weightStabilizationPeriod: z.string().optional(),
        weightUpdatePeriod: z.string().optional(),
      })
      .optional(),
    consistentHash: ConsistentHashLB.optional(),
    localityLbSetting: LocalityLoadBalancerSetting.optional(),
    simple: z.enum(['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST']).optional(),
    warmup: WarmupConfiguration.optional(),
    warmupDurationSecs: duration().optional(),
    zoneAwareLbSetting: ZoneAwareLoadBalancerSetting.optional(),
  }),
  'simple',
  'consistentHash',
  'backendUtilization',
)
export type LoadBalancerSettings = z.infer<typeof LoadBalancerSettings>

export const OutlierDetection = z.strictObject({
  baseEjectionTime: duration().optional(),
  consecutive5xxErrors: orNull(z.int().min(0).max(4294967295)),
  consecutiveErrors: z.int32().optional(),
  consecutiveGatewayErrors: orNull(z.int().min(0).max(4294967295)),
  consecutiveLocalOriginFailures: orNull(z.int().min(0).max(4294967295)),
  interval: duration().optional(),
  maxEjectionPercent: z.int32().optional(),
  minHealthPercent: z.int32().optional(),
  outlierDetectionHttpErrorCodes: z.array(z.int().min(100).max(599)).optional(),
  splitExternalLocalOriginErrors: z.boolean().optional(),
})
export type OutlierDetection = z.infer<typeof OutlierDetection>

export const ClientTLSSettings = z.strictObject({
  caCertificates: z.string().optional(),
  caCrl: z.string().optional(),
  clientCertificate: z.string().optional(),
  credentialName: z.string().optional(),
  insecureSkipVerify: orNull(z.boolean()),
  mode: z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']).optional(),
  privateKey: z.string().optional(),
  sni: z.string().optional(),
  subjectAltNames: z.array(z.string()).optional(),
})
export type ClientTLSSettings = z.infer<typeof ClientTLSSettings>

export const PortTrafficPolicy = z.strictObject({
  connectionPool: ConnectionPoolSettings.optional(),
  loadBalancer: LoadBalancerSettings.optional(),
  outlierDetection: OutlierDetection.optional(),
  port: PortSelector.optional(),
  tls: ClientTLSSettings.optional(),
})
export type PortTrafficPolicy = z.infer<typeof PortTrafficPolicy>

export const RetryBudget = z.strictObject({
  budgetInterval: protoDuration().optional(),
  minRetryConcurrency: z.int().min(0).max(4294967295).optional(),
  percent: orNull(z.number().min(0).max(100)),
})
export type RetryBudget = z.infer<typeof RetryBudget>

export const TunnelSettings = z.strictObject({
  protocol: z.string().optional(),
  targetHost: z.string(),
  targetPort: z.int().min(0).max(4294967295),
})
export type TunnelSettings = z.infer<typeof TunnelSettings>

export const TrafficPolicy = z.strictObject({
  connectionPool: ConnectionPoolSettings.optional(),
  loadBalancer: LoadBalancerSettings.optional(),
  outlierDetection: OutlierDetection.optional(),
  portLevelSettings: z.array(PortTrafficPolicy).max(4096).optional(),
  proxyProtocol: z
    .strictObject({
      version: z.enum(['V1', 'V2']).optional(),
    })
    .optional(),
  retryBudget: RetryBudget.optional(),
  tls: ClientTLSSettings.optional(),
  tunnel: TunnelSettings.optional(),
})
export type TrafficPolicy = z.infer<typeof TrafficPolicy>

export const Subset = z.strictObject({
  labels: z.record(z.string(), z.string()).optional(),
  name: z.string(),
  trafficPolicy: TrafficPolicy.optional(),
})
export type Subset = z.infer<typeof Subset>

export const DestinationRule = z.strictObject({
  exportTo: z.array(z.string()).optional(),
  host: z.string(),
  subsets: z.array(Subset).optional(),
  trafficPolicy: TrafficPolicy.optional(),
  workloadSelector: WorkloadSelector.optional(),
})
export type DestinationRule = z.infer<typeof DestinationRule>
