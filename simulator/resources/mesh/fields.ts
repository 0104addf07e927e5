// Shapes that the mesh's settings are made of (istio/api: mesh/v1alpha1). No CRD stands behind these messages: they know
// protobuf's rules only, what istiod refuses beyond is validation's.
import { z } from 'zod'
import { parseProtoDuration } from '../proto-duration.ts'
import { wrapped } from '../schema-checks.ts'

export const text = () => z.string().optional()
export const flag = () => z.boolean().optional()
export const texts = () => z.array(z.string()).optional()
export const textMap = () => z.record(z.string(), z.string()).optional()
export const int32 = () => z.int().min(-2147483648).max(2147483647).optional()
export const uint32 = () => z.int().min(0).max(4294967295).optional()
/** An Int32Value or Int64Value, which YAML may write as text. */
export const wrappedInt = () => wrapped(z.int()).optional()
export const time = () =>
  z
    .string()
    .refine(given => parseProtoDuration(given) !== null, 'must be a duration, like 10s or 1.5s')
    .optional()
export const struct = () => z.record(z.string(), z.unknown()).optional()

export const TcpKeepalive = z.strictObject({ probes: uint32(), time: time(), interval: time() })

export const LabelSelector = z.strictObject({
  matchLabels: textMap(),
  matchExpressions: z.array(z.strictObject({ key: text(), operator: text(), values: texts() })).optional(),
})
