// Files -> resources: envelopes, List kinds, namespaces, canonical specs. A resource that its schema refuses is left out
// and said so; everything else goes on. Never throws.
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { type ParsedDocument, parseDocuments } from '../documents/index.ts'
import { canonicalise } from './canonical.ts'
import { catalog, groupOf, lookupKind } from './catalog.ts'
import { decodeRefused } from './decode.ts'
import { type Fields, isObject } from './fields.ts'
import { isMeshSetting } from './mesh-settings.ts'
import { metadataAsText, metadataProblems } from './metadata-text.ts'
import { didYouMean } from './nearest-name.ts'
import { replacementOf } from './removed-kinds.ts'
import { schemaDiagnostics } from './schema-diagnostics.ts'
import type { LoadResult, ObjectMeta, Resource, SourceFile } from './types.ts'
import { unsimulatedFields } from './unsimulated.ts'

export interface LoadOptions {
  /** Namespace of namespaced resources that name none; 'default' unless told. */
  defaultNamespace?: string
  /**
   * Who reads the documents: kubectl (and istioctl) refuse names and labels that YAML takes for numbers or booleans, the
   * file reader of istiod (--configDir) turns them back into text. 'kubectl' unless told.
   */
  reader?: 'kubectl' | 'istiod'
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function stringMap(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  const entries = Object.entries(value).filter(([, item]) => item !== null && typeof item !== 'object')
  return Object.fromEntries(entries.map(([key, item]) => [key, String(item)]))
}

const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?Z$/

/** RFC 3339 in UTC -> seconds since the epoch (days counted from the civil date). */
export function secondsOf(stamp: unknown): number | null {
  const match = TIMESTAMP.exec(text(stamp))
  if (!match) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * 146097 + dayOfEra - 719468) * 86400 + hour * 3600 + minute * 60 + second
}

const ENVELOPE = new Set(['apiVersion', 'kind', 'metadata', 'status'])

/** All resources of all files in order, and everything that was wrong with the rest. */
export function loadResources(files: readonly SourceFile[], options: LoadOptions = {}): LoadResult {
  const diagnostics: Diagnostic[] = []
  const resources: Resource[] = []
  const refused: Resource[] = []
  let unreadable = 0
  const unknownKinds = new Set<string>()
  const reported = new Set<string>()

  const load = (value: unknown, document: ParsedDocument, base: Path): void => {
    if (value === null || value === undefined) return
    let name = ''
    const report = (found: Omit<Diagnostic, 'at'>): void => {
      diagnostics.push({ ...found, at: document.locate([...base, ...found.path]) })
    }
    const say = (code: string, level: Diagnostic['level'], message: string, path: Path = [], hint?: string): void =>
      report({ code, level, message, resource: name, path, ...(hint === undefined ? {} : { hint }) })
    if (!isObject(value)) {
      say('SIM0201', 'error', 'a resource must be a mapping')
      return
    }
    const apiVersion = text(value['apiVersion'])
    const kind = text(value['kind'])
    if (kind === '') {
      // a bare MeshConfig is the one document without an envelope
      if (apiVersion === '' && Object.keys(value).some(isMeshSetting)) {
        resources.push(resourceOf('mesh.istio.io/v1alpha1', 'MeshConfig', {}, value, null))
        return
      }
      unreadable++
      say('SIM0201', 'error', 'the document has no kind')
      return
    }
    if (kind.endsWith('List') && Array.isArray(value['items'])) {
      for (const [index, item] of value['items'].entries()) load(item, document, [...base, 'items', index])
      return
    }
    const written = isObject(value['metadata']) ? value['metadata'] : {}
    const metadata = options.reader === 'istiod' ? metadataAsText(written) : written
    name = `${kind} ${text(metadata['namespace']) === '' ? '' : `${text(metadata['namespace'])}/`}${text(metadata['name'])}`
    const entry = lookupKind(apiVersion, kind)
    if (entry === null) {
      const key = `${apiVersion}/${kind}`
      if (!unknownKinds.has(key)) {
        unknownKinds.add(key)
        const replacement = replacementOf(groupOf(apiVersion), kind)
        if (replacement !== null) {
          say('SIM0207', 'warning', `${kind} (${apiVersion}) was removed; it is ignored`, ['kind'], replacement)
          return
        }
        const near = didYouMean(
          kind,
          [...catalog.values()].map(known => known.kind),
        )
        const hint = near === null ? undefined : near === kind ? 'check the apiVersion' : `did you mean ${near}?`
        say('SIM0204', 'warning', `unknown kind ${kind} (${apiVersion}); it is ignored`, ['kind'], hint)
      }
      return
    }
    if (!entry.apiVersions.includes(apiVersion) && entry.istio) {
      say('SIM0205', 'error', `${kind} has no version ${apiVersion}`, ['apiVersion'], entry.apiVersions.join(', '))
      return
    }
    const badText = metadataProblems(metadata)
    if (badText.length > 0) {
      for (const found of badText) report({ ...found, resource: name })
      unreadable++
      return
    }
    if (text(metadata['name']) === '' && text(metadata['generateName']) === '') {
      say('SIM0206', 'error', `${kind} has no metadata.name`, ['metadata'])
      return
    }
    const hasSpec = entry.istio || 'spec' in value
    const top = Object.fromEntries(Object.entries(value).filter(([key]) => !ENVELOPE.has(key)))
    const stray = entry.istio ? Object.keys(top).filter(key => key !== 'spec') : []
    for (const key of stray) {
      const near = didYouMean(key, ['spec', 'metadata', 'status'])
      say('SIM0202', 'error', `unknown field "${key}"`, [key], near === null ? undefined : `did you mean "${near}"?`)
    }
    const raw = hasSpec ? (value['spec'] === undefined ? {} : value['spec']) : top
    const spec = entry.istio ? canonicalise(raw, entry.schema) : raw
    const checked = entry.schema.safeParse(spec)
    if (!checked.success) {
      for (const found of schemaDiagnostics(checked.error.issues, entry.schema, spec, hasSpec ? ['spec'] : [], name)) {
        report(found)
      }
    }
    if (!checked.success || stray.length > 0) {
      const decoded = checked.success ? checked.data : decodeRefused(spec, checked.error.issues)
      if (decoded === null) unreadable++
      else refused.push(resourceOf(apiVersion, kind, metadata, decoded, entry.namespaced))
      return
    }
    resources.push(resourceOf(apiVersion, kind, metadata, checked.data, entry.namespaced))
    for (const field of unsimulatedFields(groupOf(apiVersion), kind, checked.data)) {
      const key = `${apiVersion}/${kind}/${field.name}`
      if (reported.has(key)) continue
      reported.add(key)
      const what = field.name === '' ? kind : `${kind} ${field.name}`
      say('SIM0301', 'info', `${what} is accepted but not simulated`, ['spec', ...field.path])
    }

    function resourceOf(
      version: string,
      as: string,
      meta: Fields,
      body: unknown,
      namespaced: boolean | null,
    ): Resource {
      const given = text(meta['namespace'])
      const objectMeta: ObjectMeta = {
        name: text(meta['name']) || text(meta['generateName']),
        namespace: namespaced === true ? given || (options.defaultNamespace ?? 'default') : '',
        labels: stringMap(meta['labels']),
        annotations: stringMap(meta['annotations']),
        creationTimestamp: secondsOf(meta['creationTimestamp']),
        ...(text(meta['uid']) === '' ? {} : { uid: text(meta['uid']) }),
        order: resources.length + refused.length,
      }
      return {
        apiVersion: version,
        kind: as,
        metadata: objectMeta,
        spec: body,
        status: isObject(value) ? (value['status'] ?? null) : null,
        locate: path => document.locate([...base, ...path]),
        origin: {
          file: document.file,
          line: base.length === 0 ? document.line : (document.locate(base)?.line ?? 0) + 1,
          lineOf: path => document.lineOf([...base, ...path]),
        },
      }
    }
  }

  for (const file of files) {
    const parsed = parseDocuments(file.name, file.content)
    diagnostics.push(...parsed.diagnostics)
    if (parsed.diagnostics.length > 0) unreadable++
    for (const document of parsed.documents) load(document.value, document, [])
  }
  return { resources, refused, unreadable, diagnostics }
}
