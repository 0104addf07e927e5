// `apply`: YAML documents join the mesh as kubectl apply would have it.
import { z } from 'zod'
import { loadResources } from '../../resources/index.ts'
import { validateAll } from '../../validation/index.ts'
import { eventKind } from './types.ts'

export const apply = eventKind({
  /** YAML documents, inline. */
  schema: z.string(),
  prepare(text, { where, report }) {
    const { resources, diagnostics } = loadResources([{ name: where, content: text }])
    for (const found of [...diagnostics, ...validateAll(resources)]) report(found)
    return {
      what: `apply ${resources.map(r => `${r.kind} ${r.metadata.name}`).join(', ')}`,
      run: ({ world }) => world.apply({ upsert: resources }),
    }
  },
})
