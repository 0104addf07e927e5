export type { Signer } from './authority.ts'
export { Authority, DEFAULT_TTL, SELF_SIGNED_ROOT } from './authority.ts'
export { Citadel } from './citadel.ts'
