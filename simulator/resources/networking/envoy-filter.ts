// networking.istio.io EnvoyFilter: patches on the generated Envoy configuration. Patch values stay as written.
import { z } from 'zod'
import { PolicyTargetReference, WorkloadLabelSelector } from '../common.ts'
import { oneOf, rule } from '../schema-checks.ts'

export const EnvoyConfigObjectMatch = rule(
  oneOf(
    z.strictObject({
      cluster: z
        .strictObject({
          name: z.string().optional(),
          portNumber: z.int().min(0).max(4294967295).optional(),
          service: z.string().optional(),
          subset: z.string().optional(),
        })
        .optional(),
      context: z.enum(['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT']).optional(),
      listener: z
        .strictObject({
          filterChain: z
            .strictObject({
              applicationProtocols: z.string().optional(),
              destinationPort: z.int().min(0).max(4294967295).optional(),
              filter: z
                .strictObject({
                  name: z.string().optional(),
                  subFilter: z
                    .strictObject({
                      name: z.string().optional(),
                    })
                    .optional(),
                })
                .optional(),
              name: z.string().optional(),
              sni: z.string().optional(),
              transportProtocol: z.string().optional(),
              transportSocket: z.string().optional(),
            })
            .optional(),
          listenerFilter: z.string().optional(),
          name: z.string().optional(),
          portName: z.string().optional(),
          portNumber: z.int().min(0).max(4294967295).optional(),
        })
        .optional(),
      proxy: z
        .strictObject({
          metadata: z.record(z.string(), z.string()).optional(),
          proxyVersion: z.string().optional(),
        })
        .optional(),
      routeConfiguration: z
        .strictObject({
          gateway: z.string().optional(),
          name: z.string().optional(),
          portName: z.string().optional(),
          portNumber: z.int().min(0).max(4294967295).optional(),
          vhost: z
            .strictObject({
              domainName: z.string().optional(),
              name: z.string().optional(),
              route: z
                .strictObject({
                  action: z.enum(['ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE']).optional(),
                  name: z.string().optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      waypoint: z
        .strictObject({
          filter: z
            .strictObject({
              name: z.string().optional(),
              subFilter: z
                .strictObject({
                  name: z.string().optional(),
                })
                .optional(),
            })
            .optional(),
          portNumber: z.int().min(1).max(65535).optional(),
          route: z
            .strictObject({
              name: z.string().optional(),
            })
            .optional(),
        })
        .optional(),
    }),
    'listener',
    'routeConfiguration',
    'cluster',
    'waypoint',
  ),
  f => (f['context'] === 'WAYPOINT') === (f['waypoint'] !== undefined),
  'only support waypointMatch when context is WAYPOINT',
)
export type EnvoyConfigObjectMatch = z.infer<typeof EnvoyConfigObjectMatch>

export const EnvoyFilterPatch = z.strictObject({
  filterClass: z.enum(['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS']).optional(),
  operation: z
    .enum([
      'INVALID',
      'MERGE',
      'ADD',
      'REMOVE',
      'INSERT_BEFORE',
      'INSERT_AFTER',
      'INSERT_FIRST',
      'REPLACE',
      'MERGE_AND_REPLACE_LIST',
    ])
    .optional(),
  value: z.record(z.string(), z.unknown()).optional(),
})
export type EnvoyFilterPatch = z.infer<typeof EnvoyFilterPatch>

export const EnvoyConfigObjectPatch = z.strictObject({
  applyTo: z
    .enum([
      'INVALID',
      'LISTENER',
      'FILTER_CHAIN',
      'NETWORK_FILTER',
      'HTTP_FILTER',
      'ROUTE_CONFIGURATION',
      'VIRTUAL_HOST',
      'HTTP_ROUTE',
      'CLUSTER',
      'EXTENSION_CONFIG',
      'BOOTSTRAP',
      'LISTENER_FILTER',
    ])
    .optional(),
  match: EnvoyConfigObjectMatch.optional(),
  patch: EnvoyFilterPatch.optional(),
})
export type EnvoyConfigObjectPatch = z.infer<typeof EnvoyConfigObjectPatch>

export const EnvoyFilter = oneOf(
  z.strictObject({
    configPatches: z.array(EnvoyConfigObjectPatch).optional(),
    priority: z.int32().optional(),
    targetRefs: z.array(PolicyTargetReference).max(16).optional(),
    workloadSelector: WorkloadLabelSelector.optional(),
  }),
  'workloadSelector',
  'targetRefs',
)
export type EnvoyFilter = z.infer<typeof EnvoyFilter>
