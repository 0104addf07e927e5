// `patch`: an object of the mesh as it is at that moment, changed by a JSON merge patch (RFC 7386), as
// `kubectl patch --type=merge` does it. A patched object that validation refuses changes nothing, and the timeline says so.
import { z } from 'zod'
import type { Diagnostic } from '../../diagnostics/types.ts'
import { loadResources, lookupKind } from '../../resources/index.ts'
import type { Resource } from '../../resources/types.ts'
import { validateAll } from '../../validation/index.ts'
import { mergePatch } from './merge-patch.ts'
import { eventKind } from './types.ts'

const Patch = z.strictObject({
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
  /** As the document is written: `{ spec: { http: [...] } }`; null removes a field. */
  merge: z.record(z.string(), z.unknown()),
})
type PatchSpec = z.output<typeof Patch>

export const patch = eventKind({
  schema: Patch,
  prepare(spec, { where, resources, report }) {
    const what = `patch ${spec.kind} ${spec.name}`
    const known = find(resources, spec)
    if (known !== undefined) for (const found of patched(known, spec, where).diagnostics) report(found)
    return {
      what,
      run({ world, mark }) {
        const old = find(world.currentResources(), spec)
        if (old === undefined) {
          mark(`${what}: there is no such object`)
          return
        }
        const { resources: next, diagnostics } = patched(old, spec, where)
        const refusal = diagnostics.find(found => found.level === 'error')
        if (refusal === undefined) world.apply({ upsert: next })
        else mark(`${what}: refused, ${refusal.message}`)
      },
    }
  },
})

function find(resources: readonly Resource[], { kind, name, namespace = 'default' }: PatchSpec): Resource | undefined {
  return resources.find(
    r =>
      r.kind === kind &&
      r.metadata.name === name &&
      (r.metadata.namespace === namespace || r.metadata.namespace === ''),
  )
}

function patched(old: Resource, spec: PatchSpec, where: string): { resources: Resource[]; diagnostics: Diagnostic[] } {
  const { name, namespace, labels, annotations } = old.metadata
  const head = { apiVersion: old.apiVersion, kind: old.kind, metadata: { name, namespace, labels, annotations } }
  const flat = lookupKind(old.apiVersion, old.kind)?.flat === true && isObject(old.spec)
  const body = flat ? (old.spec as Record<string, unknown>) : { spec: old.spec }
  const document = mergePatch({ ...head, ...body }, spec.merge)
  const loaded = loadResources([{ name: where, content: JSON.stringify(document) }])
  return { resources: loaded.resources, diagnostics: [...loaded.diagnostics, ...validateAll(loaded.resources)] }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
