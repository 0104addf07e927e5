// One document's mesh settings: found, brought to the canonical form and held against MeshConfig's schema.
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { camelCase, parseDocuments } from '../documents/index.ts'
import { canonicalise } from './canonical.ts'
import { type Fields, isObject } from './fields.ts'
import { MeshSettings } from './mesh/mesh-config.ts'
import { resourceName } from './resource-name.ts'
import { schemaDiagnostics } from './schema-diagnostics.ts'
import type { Resource } from './types.ts'

export interface FoundSettings {
  /** What is right of them; a field that is wrong is left out and told. */
  settings: Fields
  /** Where they stand in the resource. */
  path: Path
  diagnostics: Diagnostic[]
}

/** Settings that Istio once had (Mixer's, and those of removed integrations); old documents still carry them. */
const REMOVED: ReadonlySet<string> = new Set([
  'mixerCheckServer',
  'mixerReportServer',
  'disablePolicyChecks',
  'policyCheckFailOpen',
  'sidecarToTelemetrySessionAffinity',
  'enableClientSidePolicyCheck',
  'disableMixerHttpReports',
  'reportBatchMaxEntries',
  'reportBatchMaxTime',
  'sdsUdsPath',
  'sdsRefreshDelay',
  'enableSdsTokenMount',
  'sdsUseK8sSaJwt',
  'thriftConfig',
  'disableReportBatch',
  'authPolicy',
  'rdsRefreshDelay',
  'enableAutoMtlsSecureNaming',
])

/** Any of these makes a document without a kind a bare MeshConfig. */
export const isMeshSetting = (key: string): boolean =>
  Object.hasOwn(MeshSettings.shape, camelCase(key)) || REMOVED.has(key)

/** `value` without what stands at the paths, which lead from the last to the first. */
function without(value: Fields, paths: readonly Path[]): Fields {
  const copy = copyOf(value)
  for (const path of paths) {
    let parent: unknown = copy
    for (const part of path.slice(0, -1)) parent = (parent as Record<string, unknown>)?.[part]
    const last = path.at(-1)
    if (Array.isArray(parent)) parent.splice(Number(last), 1)
    else if (isObject(parent) && last !== undefined) delete parent[last]
  }
  return isObject(copy) ? copy : {}
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)])) : value
}

interface Place {
  resource: Resource
  path: Path
  /** Position of a field; the settings may be a text of their own. */
  locate(path: Path): Diagnostic['at']
  /** Said behind each message. */
  suffix(path: Path): string
}

function checked(raw: Fields, { resource, path, locate, suffix }: Place): FoundSettings {
  const name = resourceName(resource)
  const { apiVersion: _version, kind: _kind, ...given } = raw
  const removed = Object.keys(given).filter(key => REMOVED.has(key))
  const value = canonicalise(
    without(
      given,
      removed.map(key => [key]),
    ),
    MeshSettings,
  )
  const diagnostics: Diagnostic[] = removed.map(key => ({
    code: 'SIM0207',
    level: 'warning',
    message: `the mesh setting "${key}" was removed; it is ignored${suffix([key])}`,
    resource: name,
    path: [...path, key],
    at: locate([key]),
  }))
  const result = MeshSettings.safeParse(value)
  if (result.success) return { settings: result.data, path, diagnostics }
  const found = schemaDiagnostics(result.error.issues, MeshSettings, value, [], name)
  for (const { message, path: field, ...rest } of found) {
    diagnostics.push({
      ...rest,
      message: `mesh settings: ${message}${suffix(field)}`,
      path: [...path, ...field],
      at: locate(field),
    })
  }
  const wrong = found.map(issue => issue.path).sort((left, right) => (order(left) < order(right) ? 1 : -1))
  return { settings: isObject(value) ? without(value, wrong) : {}, path, diagnostics }
}

/** Later items of a list first, so that taking one out moves none that is still to go. */
const order = (path: Path): string => path.map(part => String(part).padStart(8, '0')).join('/')

function fromText(resource: Resource, text: string): FoundSettings {
  const path = ['data', 'mesh']
  const at = resource.locate(path)
  const parsed = parseDocuments(resourceName(resource), text)
  const document = parsed.documents[0]
  const diagnostics = parsed.diagnostics.map(found => ({
    ...found,
    message: `mesh settings: ${found.message} (line ${found.at?.line ?? 1} of data.mesh)`,
    resource: resourceName(resource),
    path,
    at,
  }))
  if (!isObject(document?.value)) return { settings: {}, path, diagnostics }
  const lineOf = (field: Path): number => document.locate(field)?.line ?? 1
  const place = { resource, path, locate: () => at, suffix: (field: Path) => ` (line ${lineOf(field)} of data.mesh)` }
  const found = checked(document.value, place)
  return { ...found, diagnostics: [...diagnostics, ...found.diagnostics] }
}

/** Documents never change: what was found once is found again. */
const known = new WeakMap<Resource, FoundSettings | null>()

/** The mesh settings of a document; null where it has none. */
export function meshSettingsOf(resource: Resource): FoundSettings | null {
  let found = known.get(resource)
  if (found === undefined) {
    found = find(resource)
    known.set(resource, found)
  }
  return found
}

function find(resource: Resource): FoundSettings | null {
  const { kind, spec, metadata } = resource
  if (!isObject(spec)) return null
  const inPlace = (value: Fields, path: Path): FoundSettings =>
    checked(value, { resource, path, locate: field => resource.locate([...path, ...field]), suffix: () => '' })
  if (kind === 'MeshConfig') return inPlace(spec, [])
  if (kind === 'IstioOperator') {
    return isObject(spec['meshConfig']) ? inPlace(spec['meshConfig'], ['spec', 'meshConfig']) : null
  }
  const ours = kind === 'ConfigMap' && (metadata.name === 'istio' || metadata.name.startsWith('istio-'))
  const text = ours && isObject(spec['data']) ? spec['data']['mesh'] : undefined
  return typeof text === 'string' ? fromText(resource, text) : null
}
