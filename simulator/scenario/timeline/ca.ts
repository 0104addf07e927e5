// `ca`: istiod's certificate authority answers nobody, or answers again. Proxies go on with what they hold.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const ca = eventKind({
  schema: z.strictObject({ down: z.boolean() }),
  prepare: ({ down }) => ({
    what: down ? 'the certificate authority answers nobody' : 'the certificate authority answers again',
    run: ({ world }) => {
      world.citadel.authority.up = !down
    },
  }),
})
