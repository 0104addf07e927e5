// What a viewer may ask of the mesh, checked at the rim. Nothing here can reach beyond the simulation.
import { z } from 'zod'

/** Files of one Apply, and characters of each: more is refused before it is parsed. */
const FILES_MAX = 200
const CONTENT_MAX = 1_000_000

const Files = z
  .array(z.strictObject({ name: z.string().min(1).max(500), content: z.string().max(CONTENT_MAX) }))
  .min(1)
  .max(FILES_MAX)
const Seed = z.string().min(1).max(100)

export const Command = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('play') }),
  z.strictObject({ do: z.literal('pause') }),
  /** To the next event, or until the next request of a client has ended; `back`: to the one before. */
  z.strictObject({ do: z.literal('step'), by: z.enum(['event', 'request']), back: z.boolean().optional() }),
  /** Virtual seconds per second; null = as fast as it goes. */
  z.strictObject({ do: z.literal('speed'), speed: z.number().min(0.001).max(1000).nullable() }),
  z.strictObject({ do: z.literal('apply'), files: Files }),
  /** Which scenarios there are. */
  z.strictObject({ do: z.literal('shelf') }),
  /** Another mesh from its beginning: a scenario of the shelf, or files of one's own. */
  z.strictObject({ do: z.literal('open'), scenario: z.string().min(1).max(200), seed: Seed.optional() }),
  z.strictObject({ do: z.literal('begin'), files: Files, seed: Seed.optional() }),
  z.strictObject({ do: z.literal('inspect'), traceId: z.number().int().min(0) }),
  /** The whole run as curves, of one node or ('') of the mesh. */
  z.strictObject({ do: z.literal('series'), node: z.string().max(500) }),
  /** One proxy from the inside, at the moment that is shown. */
  z.strictObject({ do: z.literal('proxy'), pod: z.string().min(1).max(500) }),
  /** To any moment of virtual time, µs: back or ahead. */
  z.strictObject({ do: z.literal('seek'), time: z.number().int().min(0).max(86_400_000_000) }),
  /** Back to the beginning, with the documents the run began with. */
  z.strictObject({ do: z.literal('reset') }),
  z.strictObject({ do: z.literal('files') }),
])

export type Command = z.output<typeof Command>

/** Reads one message of a viewer; a reason in words when it is none. */
export function parseCommand(text: string): { command: Command } | { reason: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { reason: 'the message is not JSON' }
  }
  const parsed = Command.safeParse(value)
  if (parsed.success) return { command: parsed.data }
  const issue = parsed.error.issues[0]
  return { reason: `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not a command'}` }
}
