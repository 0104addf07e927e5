// `delete`: objects go, as kubectl delete would have it.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const remove = eventKind({
  schema: z.array(z.strictObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).min(1),
  prepare(objects) {
    const gone = objects.map(object => ({ ...object, namespace: object.namespace ?? 'default' }))
    return {
      what: `delete ${objects.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`,
      run: ({ world }) => world.apply({ remove: gone }),
    }
  },
})
