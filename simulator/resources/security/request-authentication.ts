// security.istio.io RequestAuthentication: JSON Web Tokens that a workload checks.
import { z } from 'zod'
import { PolicyTargetReference, WorkloadSelector } from '../common.ts'
import { duration, jwksUrl, oneOf } from '../schema-checks.ts'

export const JWTRule = oneOf(
  z.strictObject({
    audiences: z.array(z.string().min(1)).optional(),
    forwardOriginalToken: z.boolean().optional(),
    fromCookies: z.array(z.string().min(1)).optional(),
    fromHeaders: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          prefix: z.string().optional(),
        }),
      )
      .optional(),
    fromParams: z.array(z.string().min(1)).optional(),
    issuer: z.string().min(1).optional(),
    jwks: z.string().optional(),
    jwksUri: jwksUrl().optional(),
    outputClaimToHeaders: z
      .array(
        z.strictObject({
          claim: z.string().min(1),
          header: z
            .string()
            .min(1)
            .regex(/^[-_A-Za-z0-9]+$/),
        }),
      )
      .optional(),
    outputPayloadToHeader: z.string().optional(),
    presence: z.enum(['OPTIONAL', 'REQUIRED']).optional(),
    spaceDelimitedClaims: z.array(z.string().min(1)).max(64).optional(),
    timeout: duration().optional(),
  }),
  'jwksUri',
  'jwks',
)
export type JWTRule = z.infer<typeof JWTRule>

export const RequestAuthentication = oneOf(
  z.strictObject({
    jwtRules: z.array(JWTRule).max(4096).optional(),
    selector: WorkloadSelector.optional(),
    targetRef: PolicyTargetReference.optional(),
    targetRefs: z.array(PolicyTargetReference).max(16).optional(),
  }),
  'selector',
  'targetRef',
  'targetRefs',
)
export type RequestAuthentication = z.infer<typeof RequestAuthentication>
