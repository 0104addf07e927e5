// Documents laid over a mesh: an object that they hold takes the place of the mesh's own of that name.
import { parseDocuments } from '../documents/index.ts'
import type { SourceFile } from '../resources/types.ts'

/** The mesh's files without the objects that `over` redefines (their lines stay, empty), then `over`. */
export function overlay(mesh: readonly SourceFile[], over: readonly SourceFile[]): SourceFile[] {
  const redefined = new Set(over.flatMap(file => documentsOf(file).map(({ id }) => id)))
  const kept = mesh.map(file => {
    const gone = documentsOf(file).filter(({ id }) => redefined.has(id))
    return gone.length === 0 ? file : { name: file.name, content: withoutDocuments(file.content, gone) }
  })
  return [...kept, ...over]
}

interface DocumentLines {
  /** Kind, namespace, name. */
  id: string
  /** 1-based, inclusive. */
  first: number
}

function documentsOf({ name, content }: SourceFile): DocumentLines[] {
  return parseDocuments(name, content).documents.flatMap(({ value, line }) => {
    if (typeof value !== 'object' || value === null) return []
    const { kind, metadata } = value as { kind?: unknown; metadata?: { name?: unknown; namespace?: unknown } }
    if (typeof kind !== 'string' || typeof metadata?.name !== 'string') return []
    return [{ id: `${kind} ${String(metadata.namespace ?? 'default')}/${metadata.name}`, first: line }]
  })
}

/** Empty lines in their place, so that all other positions stay true. */
function withoutDocuments(content: string, gone: readonly DocumentLines[]): string {
  const lines = content.split('\n')
  for (const { first } of gone)
    for (let i = first - 1; i < lines.length && !(i >= first && lines[i]!.startsWith('---')); i++) lines[i] = ''
  return lines.join('\n')
}
