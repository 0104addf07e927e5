// Names, labels and annotations are text. YAML gives numbers and booleans for `1`, `yes` or `n` without quotes, and then
// kubectl and istioctl refuse the whole object (encoding/json into ObjectMeta).
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { type Fields, isObject } from './fields.ts'
import { pathText } from './schema-words.ts'

const NAMES = ['name', 'generateName', 'namespace'] as const
const MAPS = ['labels', 'annotations'] as const

function problem(path: Path, value: unknown): Omit<Diagnostic, 'at' | 'resource'> {
  const type = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'bool' : 'object'
  const mend = type === 'object' ? {} : { hint: `YAML takes it for a ${type}; put it in quotes` }
  const message = `${pathText(path)}: cannot unmarshal ${type} into a field of type string`
  return { code: 'SIM0203', level: 'error', message, path, ...mend }
}

const isText = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string'

/** What of an object's metadata should be text and is not. */
export function metadataProblems(metadata: Fields, base: Path = ['metadata']): Omit<Diagnostic, 'at' | 'resource'>[] {
  const found = NAMES.filter(key => !isText(metadata[key])).map(key => problem([...base, key], metadata[key]))
  for (const key of MAPS) {
    const map = metadata[key]
    if (!isObject(map)) continue
    for (const [label, value] of Object.entries(map)) {
      if (!isText(value)) found.push(problem([...base, key, label], value))
    }
  }
  return found
}

const asText = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : value

/** Metadata as sigs.k8s.io/yaml reads it into typed objects: scalars become text again (`n` the name `false`). */
export function metadataAsText(metadata: Fields): Fields {
  const read = { ...metadata }
  for (const key of NAMES) if (key in read) read[key] = asText(read[key])
  for (const key of MAPS) {
    const map = read[key]
    if (isObject(map)) read[key] = Object.fromEntries(Object.entries(map).map(([name, value]) => [name, asText(value)]))
  }
  return read
}
