// extensions.istio.io WasmPlugin: a WebAssembly filter for workloads.
import { z } from 'zod'
import { PolicyTargetReference, VmConfig, WorkloadSelector } from '../common.ts'
import { moduleUrl, oneOf, orNull, uniqueBy } from '../schema-checks.ts'

export const WasmPlugin = oneOf(
  z.strictObject({
    failStrategy: z.enum(['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD']).optional(),
    imagePullPolicy: z.enum(['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always']).optional(),
    imagePullSecret: z.string().min(1).max(253).optional(),
    match: z
      .array(
        z.strictObject({
          mode: z.enum(['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER']).optional(),
          ports: uniqueBy(
            z.array(
              z.strictObject({
                number: z.int().min(1).max(65535),
              }),
            ),
            'number',
          ).optional(),
        }),
      )
      .optional(),
    phase: z.enum(['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS']).optional(),
    pluginConfig: z.record(z.string(), z.unknown()).optional(),
    pluginName: z.string().min(1).max(256).optional(),
    priority: orNull(z.int32()),
    selector: WorkloadSelector.optional(),
    sha256: z
      .string()
      .regex(/(^$|^[a-f0-9]{64}$)/)
      .optional(),
    targetRef: PolicyTargetReference.optional(),
    targetRefs: z.array(PolicyTargetReference).max(16).optional(),
    type: z.enum(['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK']).optional(),
    url: moduleUrl(),
    verificationKey: z.string().optional(),
    vmConfig: VmConfig.optional(),
  }),
  'selector',
  'targetRef',
  'targetRefs',
)
export type WasmPlugin = z.infer<typeof WasmPlugin>
