// Where access logs go (pilot/pkg/networking/core/accesslog.go, pilot/pkg/model/telemetry_logging.go).
import { compareText } from '../../registry/names.ts'
import type { AccessLogging, MeshConfig } from '../../resources/index.ts'
import type { ExtensionProvider } from '../../resources/mesh-config.ts'
import { JSON_FIELDS, TEXT_FORMAT } from '../../xds/access-log-format.ts'
import type { JsonObject } from '../../xds/types.ts'
import { extensionProvider } from './provider-cluster.ts'
import type { ListenerClass, TranslationContext } from './translation-context.ts'

function parsedFormat(format: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(format)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject
  } catch {
    // an unreadable format counts as none
  }
  return Object.fromEntries(JSON_FIELDS)
}

const inline = (format: string): JsonObject => ({ text_format_source: { inline_string: format } })

function fileLog(path: string, format: JsonObject): JsonObject {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path,
      log_format: format,
    },
  }
}

function meshFormat(mesh: MeshConfig): JsonObject {
  const given = mesh.accessLogFormat ?? ''
  if (mesh.accessLogEncoding === 'JSON') {
    return {
      json_format: given === '' ? Object.fromEntries(JSON_FIELDS) : parsedFormat(given),
      json_format_options: {},
    }
  }
  return inline(given === '' ? TEXT_FORMAT : given.endsWith('\n') ? given : `${given}\n`)
}

interface FileProvider {
  path?: string
  logFormat?: { text?: string; labels?: JsonObject }
  omitEmptyValues?: boolean
}

function providerLog(provider: ExtensionProvider, mesh: MeshConfig): JsonObject | null {
  const file = provider['envoyFileAccessLog'] as FileProvider | undefined
  if (!file) return null
  const path = file.path || '/dev/stdout'
  if (!file.logFormat && provider.name === 'envoy' && !file.omitEmptyValues) return fileLog(path, meshFormat(mesh))
  const omit = file.omitEmptyValues ? { omit_empty_values: true } : {}
  const { text, labels } = file.logFormat ?? {}
  if (labels) {
    const fields = Object.keys(labels).length > 0 ? labels : Object.fromEntries(JSON_FIELDS)
    return fileLog(path, { json_format: fields, json_format_options: {}, ...omit })
  }
  const format = text ? (text.endsWith('\n') ? text : `${text}\n`) : TEXT_FORMAT
  return fileLog(path, { ...inline(format), ...omit })
}

interface Logging {
  disabled: boolean
  expression: string | null
}

const matches = (logging: AccessLogging, where: ListenerClass): boolean => {
  const mode = logging.match?.mode ?? 'CLIENT_AND_SERVER'
  return mode === 'CLIENT_AND_SERVER' || mode === (where === 'inbound' ? 'SERVER' : 'CLIENT')
}

function mergedLogging(context: TranslationContext, where: ListenerClass): Map<string, Logging> | null {
  const defaults = context.mesh.defaultProviders.accessLogging ?? []
  const levels = context.snapshot
    .telemetries(context.proxy)
    .map(telemetry => telemetry.spec.accessLogging ?? [])
    .filter(list => list.length > 0)
  if (levels.length === 0) {
    if (defaults.length === 0) return null
    return new Map(defaults.map(name => [name, { disabled: false, expression: null }]))
  }
  const expressions = new Map<string, string | null>()
  let inScope: readonly string[] = defaults
  for (const level of levels) {
    const names: string[] = []
    for (const logging of level) {
      if (!matches(logging, where)) continue
      for (const { name } of logging.providers ?? []) {
        names.push(name)
        expressions.set(name, logging.filter?.expression ?? null)
      }
    }
    if (names.length > 0) inScope = names
  }
  const found = new Map<string, Logging>()
  let parent: readonly string[] = defaults
  for (const logging of levels.flat()) {
    const own = (logging.providers ?? []).map(provider => provider.name)
    if (own.length > 0) parent = own
    if (!matches(logging, where)) continue
    for (const name of parent) {
      if (!inScope.includes(name)) continue
      found.set(name, { disabled: logging.disabled === true, expression: expressions.get(name) ?? null })
    }
  }
  return found
}

const both = (filters: readonly JsonObject[]): JsonObject =>
  filters.length === 0 ? {} : { filter: filters.length === 1 ? filters[0] : { and_filter: { filters: [...filters] } } }

const celFilter = (expression: string): JsonObject => ({
  extension_filter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
      ...(expression === '' ? {} : { expression }),
    },
  },
})

/** Logs with `filter` before the user's own. */
function accessLogs(context: TranslationContext, where: ListenerClass, filters: readonly JsonObject[]): JsonObject {
  const { mesh } = context
  const merged = mergedLogging(context, where)
  if (merged === null || merged.size === 0) {
    if (!mesh.accessLogFile) return {}
    return { access_log: [{ ...fileLog(mesh.accessLogFile, meshFormat(mesh)), ...both(filters) }] }
  }
  let known = 0
  const logs: JsonObject[] = []
  for (const [name, logging] of [...merged].sort(([a], [b]) => compareText(a, b))) {
    const provider = extensionProvider(mesh, name)
    const log = provider ? providerLog(provider, mesh) : null
    if (!log) continue
    known++
    if (logging.disabled) continue
    const own = logging.expression === null ? [] : [celFilter(logging.expression)]
    logs.push({ ...log, ...both([...filters, ...own]) })
  }
  if (known === 0 && mesh.accessLogFile) {
    return { access_log: [{ ...fileLog(mesh.accessLogFile, meshFormat(mesh)), ...both(filters) }] }
  }
  return logs.length > 0 ? { access_log: logs } : {}
}

/** `access_log` of a connection manager or TCP proxy, or nothing. */
export const requestAccessLog = (context: TranslationContext, where: ListenerClass): JsonObject =>
  accessLogs(context, where, [])

/** `access_log` of a listener: only connections that no filter chain takes. */
export const listenerAccessLog = (context: TranslationContext, where: ListenerClass): JsonObject =>
  context.mesh['disableEnvoyListenerLog'] === true
    ? {}
    : accessLogs(context, where, [{ response_flag_filter: { flags: ['NR'] } }])
