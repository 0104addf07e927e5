// The access logs that a connection manager, a TCP proxy or a listener is configured with: each a filter and a format
// (api: config/accesslog/v3/accesslog.proto; source/common/access_log/access_log_impl.cc, extensions/access_loggers/file).
// Loggers other than files (gRPC, OpenTelemetry) have nobody to talk to in this world and write nothing.
import {
  attributesOf,
  compileExpression,
  compileJsonFormat,
  compileTextFormat,
  type LogFormat,
  type LoggedRecord,
  type Recorder,
} from '../observation/index.ts'
import type { Json, JsonObject } from '../xds/types.ts'
import { list, number, object, text } from './json.ts'

type LogFilter = (record: LoggedRecord) => boolean

export interface AccessLog {
  path: string
  wants: LogFilter
  format: LogFormat
}

/** Envoy's own format, of a file log without one (source/common/formatter/substitution_format_utility.cc). */
const ENVOY_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n'

const always: LogFilter = () => true

type Comparison = (value: number) => boolean

/** api: config/accesslog/v3/accesslog.proto ComparisonFilter. */
function comparison(config: Json | undefined): Comparison {
  const { op, value } = object(object(config).comparison)
  const bound = number(object(value).default_value)
  switch (op) {
    case 'GE':
      return seen => seen >= bound
    case 'LE':
      return seen => seen <= bound
    case 'NE':
      return seen => seen !== bound
    default:
      return seen => seen === bound
  }
}

const FILTERS: Record<string, (config: Json | undefined) => LogFilter> = {
  and_filter: config => {
    const all = list(object(config).filters).map(compileFilter)
    return record => all.every(filter => filter(record))
  },
  or_filter: config => {
    const any = list(object(config).filters).map(compileFilter)
    return record => any.some(filter => filter(record))
  },
  response_flag_filter: config => {
    const flags = list(object(config).flags)
    return ({ flags: seen }) => (flags.length === 0 ? seen.length > 0 : seen.some(flag => flags.includes(flag)))
  },
  status_code_filter: config => {
    const holds = comparison(config)
    return record => holds(record.kind === 'stream' ? record.status : 0)
  },
  duration_filter: config => {
    const holds = comparison(config)
    return record => holds(Math.floor((record.end - record.start) / 1_000))
  },
  extension_filter: config => celFilter(text(object(object(config).typed_config).expression)),
}

/** A line is written where the expression gives true; without a value it is not (filters/cel/cel.cc). */
function celFilter(expression: string): LogFilter {
  if (expression === '') return always
  const compiled = compileExpression(expression)
  return compiled.ok ? record => compiled.evaluate(attributesOf(record)) === true : () => false
}

function compileFilter(config: Json | undefined): LogFilter {
  const [kind, value] = Object.entries(object(config))[0] ?? ['', undefined]
  return FILTERS[kind]?.(value) ?? always
}

function compileFormat(config: JsonObject): LogFormat {
  const omit = config.omit_empty_values === true
  if (config.json_format !== undefined) return compileJsonFormat(object(config.json_format), omit)
  const source = object(config.text_format_source).inline_string ?? config.text_format
  return compileTextFormat(text(source, ENVOY_FORMAT), omit)
}

function compileLog(config: JsonObject): AccessLog | null {
  const typed = object(config.typed_config)
  if (!text(typed['@type']).endsWith('.FileAccessLog')) return null
  return {
    path: text(typed.path),
    wants: config.filter === undefined ? always : compileFilter(config.filter),
    format: compileFormat(object(typed.log_format)),
  }
}

/** The logs of `access_log`, compiled when the first line is due: most runs look at none. */
export function accessLogsOf(config: Json | undefined): () => readonly AccessLog[] {
  let logs: readonly AccessLog[] | null = null
  return () => {
    logs ??= list(config)
      .map(log => compileLog(object(log)))
      .filter(log => log !== null)
    return logs
  }
}

/** Hands every line that the logs write of `record` to the recorder. */
export function writeLogs(logs: readonly AccessLog[], record: LoggedRecord, recorder: Recorder): void {
  for (const { path, wants, format } of logs) {
    if (!wants(record)) continue
    recorder.record({ kind: 'log', at: record.end, proxy: record.proxy, pod: record.pod, path, line: format(record) })
  }
}
