// security.istio.io AuthorizationPolicy: who may call what.
import { z } from 'zod'
import { PolicyTargetReference, WorkloadSelector } from '../common.ts'
import { oneOf, rule } from '../schema-checks.ts'

export const Source = rule(
  z.strictObject({
    ipBlocks: z.array(z.string()).optional(),
    namespaces: z.array(z.string()).optional(),
    notIpBlocks: z.array(z.string()).optional(),
    notNamespaces: z.array(z.string()).optional(),
    notPrincipals: z.array(z.string()).optional(),
    notRemoteIpBlocks: z.array(z.string()).optional(),
    notRequestPrincipals: z.array(z.string()).optional(),
    notServiceAccounts: z.array(z.string().max(320)).max(16).optional(),
    notTrustDomains: z.array(z.string()).optional(),
    principals: z.array(z.string()).optional(),
    remoteIpBlocks: z.array(z.string()).optional(),
    requestPrincipals: z.array(z.string()).optional(),
    serviceAccounts: z.array(z.string().max(320)).max(16).optional(),
    trustDomains: z.array(z.string()).optional(),
  }),
  f =>
    (f['serviceAccounts'] === undefined && f['notServiceAccounts'] === undefined) ||
    ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'].every(key => f[key] === undefined),
  'Cannot set serviceAccounts with namespaces or principals',
)
export type Source = z.infer<typeof Source>

export const Operation = z.strictObject({
  hosts: z.array(z.string()).optional(),
  methods: z.array(z.string()).optional(),
  notHosts: z.array(z.string()).optional(),
  notMethods: z.array(z.string()).optional(),
  notPaths: z.array(z.string()).optional(),
  notPorts: z.array(z.string()).optional(),
  paths: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
})
export type Operation = z.infer<typeof Operation>

export const Condition = z.strictObject({
  key: z.string(),
  notValues: z.array(z.string()).optional(),
  values: z.array(z.string()).optional(),
})
export type Condition = z.infer<typeof Condition>

export const Rule = z.strictObject({
  from: z
    .array(
      z.strictObject({
        source: Source.optional(),
      }),
    )
    .max(512)
    .optional(),
  to: z
    .array(
      z.strictObject({
        operation: Operation.optional(),
      }),
    )
    .optional(),
  when: z.array(Condition).optional(),
})
export type Rule = z.infer<typeof Rule>

export const AuthorizationPolicy = oneOf(
  z.strictObject({
    action: z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']).optional(),
    provider: z
      .strictObject({
        name: z.string().optional(),
      })
      .optional(),
    rules: z.array(Rule).max(512).optional(),
    selector: WorkloadSelector.optional(),
    targetRef: PolicyTargetReference.optional(),
    targetRefs: z.array(PolicyTargetReference).max(16).optional(),
  }),
  'selector',
  'targetRef',
  'targetRefs',
)
export type AuthorizationPolicy = z.infer<typeof AuthorizationPolicy>
