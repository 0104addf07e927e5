// Reading Envoy JSON whose fields may be absent.
import type { Json, JsonObject } from '../xds/types.ts'

export function objectAt(value: Json | undefined, ...path: string[]): JsonObject | null {
  let at: Json | undefined = value
  for (const key of path) {
    if (at === null || typeof at !== 'object' || Array.isArray(at)) return null
    at = at[key]
  }
  return at !== null && typeof at === 'object' && !Array.isArray(at) ? at : null
}

export function textAt(value: Json | undefined, key: string): string {
  const at = objectAt(value)?.[key]
  return typeof at === 'string' ? at : typeof at === 'number' ? String(at) : ''
}

export function listAt(value: Json | undefined, key: string): Json[] {
  const at = objectAt(value)?.[key]
  return Array.isArray(at) ? at : []
}

/** `name.namespace` of the resource that a piece of configuration stems from ("/apis/<group>/<version>/namespaces/<ns>/<kind>/<name>"). */
export function managedBy(metadata: Json | undefined): string {
  const config = textAt(objectAt(metadata, 'filter_metadata', 'istio') ?? undefined, 'config')
  const parts = config.split('/')
  return parts.length === 8 ? `${parts[7]}.${parts[5]}` : ''
}
