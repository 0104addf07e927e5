export type { LoadSpec, PatternSpec, RequestSpec, StageSpec } from './types.ts'
