export type { BehaviourSpec, CallFailure, CallSpec, HandlingSpec, RouteSpec } from './types.ts'
