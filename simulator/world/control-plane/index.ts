export { ControlPlane } from './control-plane.ts'
export type { ProxyStatus, SyncStatus } from './status.ts'
