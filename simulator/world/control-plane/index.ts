export { ControlPlane } from './control-plane.ts'
export { JwksResolver, keySources } from './jwks-resolver.ts'
export type { ProxyStatus, SyncStatus } from './status.ts'
