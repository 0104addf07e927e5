// The stream handle: what envoy_on_request() and envoy_on_response() are given, and the run of one of them
// (source/extensions/filters/http/lua/lua_filter.cc StreamHandleWrapper).
//   running --over|failed--> gone on          running --httpCall--> waits --answer--> running
//   running --respond--> the stream is answered, the rest of the script never runs
import lua from 'fengari/src/lua.js'
import { toBase64 } from '../../../../wire/base64.ts'
import type { HttpResponse } from '../../../../wire/types.ts'
import { put } from '../../../header-lines.ts'
import { AsyncRequest } from '../../../http/async-client.ts'
import type { HttpStream } from '../../../http/stream.ts'
import { header, object } from '../../../json.ts'
import type { FilterStatus } from '../filter.ts'
import { BUFFER, type Buffer, CONNECTION, METADATA, STREAM_INFO } from './facts.ts'
import { HEADER_MAP, type HeaderMap, requestHeaders, responseHeaders, trailerHeaders } from './headers.ts'
import { type LuaMachine, type LuaRun, type LuaState, luaText, raise } from './machine.ts'
import {
  headersAt,
  LuaClass,
  type Method,
  optionalString,
  pushHeaders,
  pushJson,
  pushText,
  type Scope,
  stringAt,
} from './values.ts'

const MICROSECOND = 1

/** One script on one stream in one direction. */
export class StreamHandle {
  readonly stream: HttpStream
  /** Null: the request is on its way. */
  readonly response: HttpResponse | null
  readonly name: string
  readonly context: unknown
  readonly scope: Scope = { live: true }
  readonly main: LuaState
  readonly headers: HeaderMap
  private readonly run: LuaRun
  private readonly failed: (words: string) => void
  private call: AsyncRequest | null = null

  /** `failed` is told what went wrong in the script; the stream goes on all the same. */
  constructor(
    machine: LuaMachine,
    stream: HttpStream,
    response: HttpResponse | null,
    name: string,
    context: unknown,
    failed: (words: string) => void,
  ) {
    this.stream = stream
    this.response = response
    this.name = name
    this.context = context
    this.main = machine.main
    this.failed = failed
    this.headers = response === null ? requestHeaders(stream) : responseHeaders(response)
    this.run = machine.run(response === null ? 'envoy_on_request' : 'envoy_on_response')
  }

  start(): FilterStatus {
    STREAM_HANDLE.push(this.run.state, this.main, this, this.scope)
    this.stream.onDestroy(() => this.abandon())
    return this.advance(1) ? 'continue' : 'stop'
  }

  /** Is the script done, so that the stream may go on? */
  private advance(args: number): boolean {
    const { state, words } = this.run.resume(args)
    if (state === 'waits') return false
    this.scope.live = false
    if (state === 'failed') this.failed(words)
    return true
  }

  private abandon(): void {
    if (!this.scope.live) return
    this.scope.live = false
    this.call?.cancel()
    this.run.end()
  }

  respond(L: LuaState): number {
    if (this.response !== null) raise(L, 'respond not currently supported in the response path')
    const headers = headersAt(L, 2)
    const status = Number(header(headers, ':status') ?? '')
    if (!Number.isInteger(status) || status < 200 || status > 599) raise(L, ':status must be between 200-599')
    const body = optionalString(L, 3, '')
    this.stream.localReply({
      status,
      body,
      flag: '',
      details: 'lua_response',
      headers: headers.filter(([name]) => !name.startsWith(':')),
    })
    return lua.lua_yield(L, 0)
  }

  /** httpCall(cluster, headers, body, timeout_ms, asynchronous): answers with a table of headers and the body. */
  httpCall(L: LuaState): number {
    const cluster = stringAt(L, 2)
    const headers = headersAt(L, 3)
    const body = optionalString(L, 4, '')
    const { timeoutMs, asynchronous } = callOptions(L)
    const { core } = this.stream
    if (timeoutMs < 0) raise(L, 'http call timeout must be >= 0')
    if (core.cluster(cluster) === null) raise(L, 'http call cluster invalid. Must be configured')
    const named = (name: string): string => header(headers, name) ?? ''
    if (named(':path') === '' || named(':method') === '' || named(':authority') === '')
      raise(L, "http call headers must include ':path', ':method', and ':authority'")
    const lines = headers.filter(([name]) => !name.startsWith(':'))
    if (body !== '') put(lines, 'content-length', String(body.length))
    const request = {
      method: named(':method'),
      scheme: named(':scheme') || 'http',
      authority: named(':authority'),
      path: named(':path'),
      headers: lines,
      body,
      protocol: 'HTTP/1.1' as const,
      traceId: this.stream.request.traceId,
      parentSpan: this.stream.span,
    }
    if (asynchronous) {
      new AsyncRequest(core, request, () => {}).send(cluster, timeoutMs * 1000)
      return 0
    }
    let immediate = true
    const call = new AsyncRequest(core, request, answer => {
      this.pushAnswer(L, answer ?? call.failure)
      if (!immediate) this.goOn()
    })
    this.call = call
    const before = lua.lua_gettop(L)
    call.send(cluster, timeoutMs * 1000)
    immediate = false
    // A call that fails at once has its results already.
    if (lua.lua_gettop(L) > before) return 2
    return lua.lua_yield(L, 0)
  }

  private pushAnswer(L: LuaState, answer: HttpResponse): void {
    pushHeaders(L, [[':status', String(answer.status)], ...answer.headers])
    pushJson(L, answer.body === '' ? null : answer.body)
  }

  private goOn(): void {
    this.call = null
    if (!this.scope.live || !this.advance(2)) return
    if (this.response === null) this.stream.resume()
    else this.stream.resumeAnswer()
  }

  /** null: there is none. */
  buffer(): Buffer | null {
    const { stream, response } = this
    const message = response ?? stream.request
    if (message.body === '') return null
    return {
      read: () => (response ?? stream.request).body,
      write: body => {
        if (response === null) stream.change({ body })
        else response.body = body
        const { headers } = response ?? stream.request
        if (header(headers, 'content-length') !== undefined) put(headers, 'content-length', String(body.length))
      },
    }
  }

  note(words: string): void {
    this.stream.note('filter', this.name, words)
  }
}

/** The last arguments of httpCall: a time and a flag, or a table of options. */
function callOptions(L: LuaState): { timeoutMs: number; asynchronous: boolean } {
  if (lua.lua_type(L, 5) !== lua.LUA_TTABLE) return { timeoutMs: lua.lua_tonumber(L, 5), asynchronous: flagAt(L, 6) }
  pushText(L, 'timeout_ms')
  lua.lua_rawget(L, 5)
  pushText(L, 'asynchronous')
  lua.lua_rawget(L, 5)
  const options = { timeoutMs: lua.lua_tonumber(L, -2) || 0, asynchronous: lua.lua_toboolean(L, -1) }
  lua.lua_pop(L, 2)
  return options
}

function flagAt(L: LuaState, index: number): boolean {
  if (lua.lua_gettop(L) < index) return false
  if (lua.lua_type(L, index) !== lua.LUA_TBOOLEAN)
    raise(L, "http call asynchronous flag must be 'true', 'false', or empty")
  return lua.lua_toboolean(L, index)
}

const log =
  (level: string): Method<StreamHandle> =>
  (handle, L) => {
    handle.note(`script log (${level}): ${stringAt(L, 2)}`)
    return 0
  }

/** Milliseconds or microseconds since 1970. */
function timestamp(handle: StreamHandle, L: LuaState): number {
  const fine = lua.lua_gettop(L) > 1 && lua.lua_tonumber(L, 2) === MICROSECOND
  return Math.floor(handle.stream.core.wallSeconds() * (fine ? 1_000_000 : 1000))
}

function pushHeaderMap(handle: StreamHandle, L: LuaState, map: HeaderMap): number {
  HEADER_MAP.push(L, handle.main, map, handle.scope)
  return 1
}

function pushBody(handle: StreamHandle, L: LuaState): number {
  const wanted = lua.lua_gettop(L) > 1 && lua.lua_toboolean(L, 2)
  const buffer = handle.buffer()
  if (buffer === null && !wanted) {
    lua.lua_pushnil(L)
    return 1
  }
  BUFFER.push(L, handle.main, buffer ?? { read: () => '', write: () => {} }, handle.scope)
  return 1
}

/** The metadata that a route or virtual host has for this filter. */
function pushMetadata(handle: StreamHandle, L: LuaState, config: unknown): number {
  const all = object(object(object(config).metadata).filter_metadata)
  METADATA.push(L, handle.main, object(all[handle.name] ?? all['envoy.filters.http.lua']), handle.scope)
  return 1
}

const CARRIER = new LuaClass<{ handle: StreamHandle; config: unknown }>({
  metadata: ({ handle, config }, L) => pushMetadata(handle, L, config),
})

const STREAM_HANDLE = new LuaClass<StreamHandle>({
  headers: (handle, L) => pushHeaderMap(handle, L, handle.headers),
  body: pushBody,
  bodyChunks: (handle, L) => {
    let given = false
    lua.lua_pushjsfunction(L, state => {
      const buffer = given ? null : handle.buffer()
      given = true
      if (buffer === null) lua.lua_pushnil(state)
      else BUFFER.push(state, handle.main, buffer, handle.scope)
      return 1
    })
    return 1
  },
  trailers: (handle, L) => {
    const trailers = handle.response?.trailers ?? null
    return trailers === null ? 0 : pushHeaderMap(handle, L, trailerHeaders(trailers))
  },
  respond: (handle, L) => handle.respond(L),
  httpCall: (handle, L) => handle.httpCall(L),
  metadata: (handle, L) => pushMetadata(handle, L, handle.stream.route?.config),
  route: (handle, L) => {
    CARRIER.push(L, handle.main, { handle, config: handle.stream.route?.config }, handle.scope)
    return 1
  },
  virtualHost: (handle, L) => {
    CARRIER.push(L, handle.main, { handle, config: handle.stream.host?.config }, handle.scope)
    return 1
  },
  filterContext: (handle, L) => {
    METADATA.push(L, handle.main, object(handle.context), handle.scope)
    return 1
  },
  streamInfo: (handle, L) => {
    STREAM_INFO.push(L, handle.main, handle, handle.scope)
    return 1
  },
  connection: (handle, L) => {
    CONNECTION.push(L, handle.main, handle, handle.scope)
    return 1
  },
  clearRouteCache: ({ stream }) => {
    stream.clearRouteCache()
    return 0
  },
  base64Escape: (_handle, L) => pushText(L, toBase64(luaText(stringAt(L, 2)))),
  timestamp: (handle, L) => {
    lua.lua_pushnumber(L, timestamp(handle, L))
    return 1
  },
  timestampString: (handle, L) => pushText(L, String(timestamp(handle, L))),
  logTrace: log('trace'),
  logDebug: log('debug'),
  logInfo: log('info'),
  logWarn: log('warn'),
  logErr: log('err'),
  logCritical: log('critical'),
})
