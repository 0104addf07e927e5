export type { LoadOptions } from './generator.ts'
export { LoadGenerator } from './generator.ts'
export type { LoadSpec, PatternSpec, RequestSpec, StageSpec } from './types.ts'
