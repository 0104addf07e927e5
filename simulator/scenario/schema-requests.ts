// Which requests one speaks of, and what must be true of one of them: shared by expectations and by the timeline.
import { z } from 'zod'
import { Duration } from './schema-apps.ts'

/** Which requests are looked at. With `load`: as that client saw them; else as the caller's proxy did. */
export const Selector = z.strictObject({
  load: z.string().optional(),
  /** Label `app` of the caller; `internet` has no proxy, use `load` there. */
  source: z.string().optional(),
  /** Service called, by its first name. */
  destination: z.string().optional(),
  /** Version that answered. */
  version: z.string().optional(),
  path: z.string().optional(),
})

/** What must be true of one request; all that is named must hold. */
export const Condition = z.strictObject({
  status: z.number().int().min(0).max(599).optional(),
  /** A response flag of Envoy such as UO or DI; '-' = none. Proxies see flags, clients do not. */
  flag: z.string().optional(),
  version: z.string().optional(),
  details: z.string().optional(),
  bodyContains: z.string().optional(),
  bodyLacks: z.string().optional(),
  /** Both ends belong to it. */
  latency: z.tuple([Duration, Duration]).optional(),
})

export type SelectorSpec = z.output<typeof Selector>
export type ConditionSpec = z.output<typeof Condition>
