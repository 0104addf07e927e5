// One expectation: its name, its window, and under `expect` exactly one kind of `kinds.ts`.
import { z } from 'zod'
import { Duration } from '../schema-apps.ts'
import { EXPECTATION_KINDS } from './kinds.ts'

type Kinds = typeof EXPECTATION_KINDS
type Shape = { [K in keyof Kinds]: z.ZodOptional<Kinds[K]['schema']> }

const KEYS = Object.keys(EXPECTATION_KINDS)

const shape = Object.fromEntries(
  Object.entries(EXPECTATION_KINDS).map(([key, kind]) => [key, kind.schema.optional()]),
) as unknown as Shape

const Check = z
  .strictObject(shape)
  .refine(check => Object.keys(check).length === 1, `needs exactly one of ${KEYS.join(', ')}`)

export const Expectation = z.strictObject({
  name: z.string().min(1),
  /** Requests that began in [from, to) count; the whole run when absent. */
  from: Duration.optional(),
  to: Duration.optional(),
  expect: Check,
})

export type ExpectationSpec = z.output<typeof Expectation>
export type CheckSpec = z.output<typeof Check>
