// ProxyConfig.connectionSettings: limits and timeouts towards clients, EDGE as a profile for gateways
// (pilot/pkg/networking/core/connection_settings.go).
import type { JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import type { TranslationContext } from './translation-context.ts'

interface ConnectionSettings {
  profile?: string
  listenerPerConnectionBufferLimitBytes?: number
  httpIdleTimeout?: string
  httpMaxConnectionDuration?: string
  httpMaxStreamDuration?: string
  httpStreamIdleTimeout?: string
  httpRequestTimeout?: string
  httpRequestHeadersTimeout?: string
  httpDrainTimeout?: string
  httpMaxConcurrentStreams?: number
  http2InitialStreamWindowSize?: number
  http2InitialConnectionWindowSize?: number
  httpHeadersWithUnderscoresAction?: string
  httpMergeSlashes?: boolean
  httpPathWithEscapedSlashesAction?: string
}

const EDGE: ConnectionSettings = {
  listenerPerConnectionBufferLimitBytes: 32768,
  httpIdleTimeout: '3600s',
  httpStreamIdleTimeout: '300s',
  httpRequestTimeout: '300s',
  httpRequestHeadersTimeout: '60s',
  httpMaxConcurrentStreams: 100,
  http2InitialStreamWindowSize: 65536,
  http2InitialConnectionWindowSize: 1048576,
  httpHeadersWithUnderscoresAction: 'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST',
  httpMergeSlashes: true,
  httpPathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT',
}

function settingsOf(context: TranslationContext): ConnectionSettings | null {
  const given = (context.proxyConfig.connectionSettings ??
    context.mesh.defaultConfig.connectionSettings ??
    null) as ConnectionSettings | null
  if (given?.profile !== 'EDGE' || context.proxy.type !== 'router') return given
  return { ...EDGE, ...given }
}

/** Bytes buffered for one connection of a gateway's listener, or null. */
export const bufferLimit = (context: TranslationContext): number | null =>
  settingsOf(context)?.listenerPerConnectionBufferLimitBytes ?? null

const UNDERSCORES: Readonly<Record<string, string>> = {
  HEADERS_WITH_UNDERSCORES_REJECT_REQUEST: 'REJECT_REQUEST',
  HEADERS_WITH_UNDERSCORES_DROP_HEADER: 'DROP_HEADER',
}

const KNOWN_SLASHES = ['REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD', 'KEEP_UNCHANGED']

/** Writes the settings over the fields of a connection manager. */
export function connectionSettings(context: TranslationContext, manager: JsonObject): void {
  const settings = settingsOf(context)
  if (!settings) return
  const put = (target: JsonObject, key: string, value: string | undefined): void => {
    if (value !== undefined) target[key] = protoDuration(value)
  }
  const common: JsonObject = { ...(manager['common_http_protocol_options'] as JsonObject | undefined) }
  put(common, 'idle_timeout', settings.httpIdleTimeout)
  put(common, 'max_connection_duration', settings.httpMaxConnectionDuration)
  put(common, 'max_stream_duration', settings.httpMaxStreamDuration)
  const underscores = UNDERSCORES[settings.httpHeadersWithUnderscoresAction ?? '']
  if (underscores) common['headers_with_underscores_action'] = underscores
  if (Object.keys(common).length > 0) manager['common_http_protocol_options'] = common
  put(manager, 'stream_idle_timeout', settings.httpStreamIdleTimeout)
  put(manager, 'request_timeout', settings.httpRequestTimeout)
  put(manager, 'request_headers_timeout', settings.httpRequestHeadersTimeout)
  put(manager, 'drain_timeout', settings.httpDrainTimeout)
  const http2: JsonObject = { ...(manager['http2_protocol_options'] as JsonObject | undefined) }
  if (settings.httpMaxConcurrentStreams !== undefined)
    http2['max_concurrent_streams'] = settings.httpMaxConcurrentStreams
  if (settings.http2InitialStreamWindowSize !== undefined) {
    http2['initial_stream_window_size'] = settings.http2InitialStreamWindowSize
  }
  if (settings.http2InitialConnectionWindowSize !== undefined) {
    http2['initial_connection_window_size'] = settings.http2InitialConnectionWindowSize
  }
  if (Object.keys(http2).length > 0) manager['http2_protocol_options'] = http2
  if (settings.httpMergeSlashes !== undefined) {
    if (settings.httpMergeSlashes) manager['merge_slashes'] = true
    else delete manager['merge_slashes']
  }
  const slashes = settings.httpPathWithEscapedSlashesAction
  if (slashes && KNOWN_SLASHES.includes(slashes)) manager['path_with_escaped_slashes_action'] = slashes
}
