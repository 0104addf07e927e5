// One event of the timeline: when it happens, and what. The keys of what are those of `kinds.ts`.
import { z } from 'zod'
import { Duration } from '../schema-apps.ts'
import { EVENT_KINDS } from './kinds.ts'
import { When } from './when.ts'

type Kinds = typeof EVENT_KINDS
type Shape = { [K in keyof Kinds]: z.ZodOptional<Kinds[K]['schema']> }

const shape = Object.fromEntries(
  Object.entries(EVENT_KINDS).map(([key, kind]) => [key, kind.schema.optional()]),
) as unknown as Shape

export const TimelineEvent = z.strictObject({
  /** Virtual time from the start of the run. */
  at: Duration.optional(),
  /** Instead of `at`: when this holds for the first time. */
  when: When.optional(),
  /** With `when`: this long after it. */
  after: Duration.optional(),
  /** Shown in the timeline instead of what it does. */
  note: z.string().optional(),
  /** A file beside scenario.yaml whose documents are applied. */
  applyFile: z.string().optional(),
  ...shape,
})

export type TimelineEventSpec = z.output<typeof TimelineEvent>
