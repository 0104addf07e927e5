// What the conversion keeps between listeners and routes.
import type { Resource } from '../resources/types.ts'

/** A listener that routes can be bound to. */
export interface Parent {
  gateway: Resource
  /** `namespace/name` of the Istio Gateway made from it. */
  internalName: string
  listener: string
  port: number
  hostname: string
  protocol: string
  /** May routes of this namespace be bound? */
  admits: (namespace: string) => boolean
  /** Kinds of routes; empty = those of the protocol. */
  kinds: readonly string[]
}

export { type Fields, fields, list } from '../resources/fields.ts'

export const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback)
export const isGatewayApi = (resource: Resource): boolean =>
  resource.apiVersion.startsWith('gateway.networking.k8s.io/')
