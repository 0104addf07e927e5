// Door of the room: the mesh as a running whole.

export type { ExpandOptions } from './expand.ts'
export { expandWorkloads } from './expand.ts'
export type { Applications as PodApplications } from './kubernetes/index.ts'
export { proxyNode, workloadOf } from './proxies.ts'
export type {
  ExternalHost,
  NetworkSpec,
  Pod,
  PushSpec,
  ResourceChange,
  WorkloadChange,
  WorldOptions,
} from './types.ts'
export { World } from './world.ts'
