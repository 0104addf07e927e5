// extensions.istio.io TrafficExtension: a Wasm or Lua filter for workloads.
import { z } from 'zod'
import { PolicyTargetReference, VmConfig, WorkloadSelector } from '../common.ts'
import { exactlyOne, moduleUrl, oneOf, orNull, uniqueBy } from '../schema-checks.ts'

export const LuaScript = z.strictObject({
  inlineCode: z.string().min(1).max(65536),
})
export type LuaScript = z.infer<typeof LuaScript>

export const WasmModule = z.strictObject({
  failStrategy: z.enum(['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD']).optional(),
  imagePullPolicy: z.enum(['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always']).optional(),
  imagePullSecret: z.string().min(1).max(253).optional(),
  pluginConfig: z.record(z.string(), z.unknown()).optional(),
  pluginName: z.string().min(1).max(256).optional(),
  sha256: z
    .string()
    .regex(/(^$|^[a-f0-9]{64}$)/)
    .optional(),
  type: z.enum(['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK']).optional(),
  url: moduleUrl(),
  verificationKey: z.string().optional(),
  vmConfig: VmConfig.optional(),
})
export type WasmModule = z.infer<typeof WasmModule>

export const TrafficExtension = exactlyOne(
  oneOf(
    oneOf(
      z.strictObject({
        lua: LuaScript.optional(),
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
        phase: z.enum(['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS']).optional(),
        priority: orNull(z.int32()),
        selector: WorkloadSelector.optional(),
        targetRefs: z.array(PolicyTargetReference).max(16).optional(),
        wasm: WasmModule.optional(),
      }),
      'wasm',
      'lua',
    ),
    'selector',
    'targetRefs',
  ),
  'wasm',
  'lua',
)
export type TrafficExtension = z.infer<typeof TrafficExtension>
