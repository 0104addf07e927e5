// Door of the room: what changes for requests between two meshes.
export { type Diff, type DiffOptions, type DiffResult, diffMeshes } from './diff.ts'
export type { DynamicDiff, FateChange, LoadDifference } from './dynamic.ts'
export { overlay } from './overlay.ts'
export { diffMarkdown, printDiff } from './print.ts'
export type { RequestClass, StaticDiff, WitnessRequest } from './static.ts'
