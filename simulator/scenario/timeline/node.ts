// `loseNode`: a node loses its power. Its pods answer nobody and their connections hang; Kubernetes finds out after the
// grace period of the node monitor, and replaces the pods when they no longer tolerate it.
import { z } from 'zod'
import { eventKind } from './types.ts'

export const loseNode = eventKind({
  /** Name of a Node document. */
  schema: z.string().min(1),
  prepare: node => ({
    what: `node ${node} is lost`,
    run: ({ world, mark }) => {
      if (!world.nodeEvents.lose(node)) mark(`there is no Node ${node}`)
    },
  }),
})
