// The door of the registry room.
export { buildMeshSnapshot } from './build.ts'
export type * from './mesh-snapshot.ts'
export type * from './types.ts'
