// The door of the registry room.

export { isHttp, isHttp2, isTcp, isTls, kubernetesProtocol, parseProtocol } from '../resources/protocol.ts'
export { allocateEntryIps, allocatesByController, usesAllocated } from './auto-allocation.ts'
export { buildMeshSnapshot } from './build.ts'
export { augmentedLabels, parseLocality } from './endpoints.ts'
export { ISSUER, keySourceOf } from './key-sources.ts'
export type * from './mesh-snapshot.ts'
export {
  compareAge,
  compareText,
  DOMAIN_SUFFIX,
  hostMatches,
  hostSubsetOf,
  isIpAddress,
  isWildcard,
  mostSpecificHost,
  resolveGatewayName,
  resolveShortName,
  subsetOf,
} from './names.ts'
export { declaredMetadata, effectiveProxyConfig } from './node-metadata.ts'
export { type Attachable, attaches } from './policies.ts'
export type * from './types.ts'
export { destinationsOf } from './virtual-services.ts'
