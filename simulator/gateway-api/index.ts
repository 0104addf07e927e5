// The door of the Gateway API room, which Kubernetes Ingress shares.
export { type Conversion, convertGatewayApi } from './convert.ts'
export { convertIngress, type IngressSettings } from './ingress.ts'
export type { Condition, ObjectStatus } from './types.ts'
