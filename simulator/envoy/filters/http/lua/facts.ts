// What scripts may ask: bodies, metadata, the stream's facts and its connection's (wrappers.cc of the Lua filter and of
// source/extensions/filters/common/lua).
import lua from 'fengari/src/lua.js'
import type { Json, JsonObject } from '../../../../xds/types.ts'
import type { HttpStream } from '../../../http/stream.ts'
import { type LuaState, luaText, raise } from './machine.ts'
import { LuaClass, pushJson, pushText, pushWalk, readJson, type Scope, stringAt } from './values.ts'

export interface Buffer {
  read(): string
  write(body: string): void
}

/** Indices count bytes, from 0. */
export const BUFFER = new LuaClass<Buffer>({
  length: (buffer, L) => {
    lua.lua_pushinteger(L, luaText(buffer.read()).length)
    return 1
  },
  getBytes: (buffer, L) => {
    const bytes = luaText(buffer.read())
    const from = lua.lua_tonumber(L, 2)
    const count = lua.lua_tonumber(L, 3)
    if (from < 0 || count < 0 || from + count > bytes.length)
      raise(L, 'index/length must be >= 0 and (index + length) must be <= buffer size')
    lua.lua_pushstring(L, bytes.slice(from, from + count))
    return 1
  },
  setBytes: (buffer, L) => {
    const body = stringAt(L, 2)
    buffer.write(body)
    lua.lua_pushinteger(L, luaText(body).length)
    return 1
  },
})

function pairsOf(entries: readonly [string, Json | undefined][], L: LuaState): number {
  return pushWalk(L, entries, (state, [name, value]) => {
    pushText(state, name)
    pushJson(state, value)
    return 2
  })
}

/** A struct with names on its first level. */
export const METADATA = new LuaClass<JsonObject>(
  {
    get: (values, L) => {
      pushJson(L, values[stringAt(L, 2)])
      return 1
    },
  },
  (values, L) => pairsOf(Object.entries(values), L),
)

const DYNAMIC_METADATA = new LuaClass<HttpStream>(
  {
    get: (stream, L) => {
      pushJson(L, stream.metadata.get(stringAt(L, 2)))
      return 1
    },
    set: (stream, L) => {
      stream.addMetadata(stringAt(L, 2), { [stringAt(L, 3)]: readJson(L, 4) })
      return 0
    },
  },
  (stream, L) => pairsOf([...stream.metadata], L),
)

/** What the facts need of the handle: its stream, and how long they may be asked. */
interface Asked {
  readonly stream: HttpStream
  readonly scope: Scope
  readonly main: LuaState
}

const address = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

function pushTls({ stream, main, scope }: Asked, L: LuaState): number {
  if (stream.down.tls) TLS.push(L, main, stream, scope)
  else lua.lua_pushnil(L)
  return 1
}

export const STREAM_INFO = new LuaClass<Asked>({
  protocol: ({ stream }, L) => pushText(L, stream.received.protocol),
  routeName: ({ stream }, L) => pushText(L, stream.route?.name ?? ''),
  virtualClusterName: (_asked, L) => pushText(L, ''),
  requestedServerName: ({ stream }, L) => pushText(L, stream.down.sni),
  downstreamLocalAddress: ({ stream: { down } }, L) => pushText(L, address(down.ip, down.port)),
  downstreamDirectLocalAddress: ({ stream: { down } }, L) => pushText(L, address(down.ip, down.port)),
  downstreamDirectRemoteAddress: ({ stream: { down } }, L) => pushText(L, address(down.sourceIp, down.sourcePort)),
  // An address that came in x-forwarded-for has no port.
  downstreamRemoteAddress: ({ stream: { down, remoteIp } }, L) =>
    pushText(L, address(remoteIp, remoteIp === down.sourceIp ? down.sourcePort : 0)),
  downstreamSslConnection: pushTls,
  dynamicMetadata: ({ stream, main, scope }, L) => {
    DYNAMIC_METADATA.push(L, main, stream, scope)
    return 1
  },
})

export const CONNECTION = new LuaClass<Asked>({ ssl: pushTls })

const isUri = (san: string): boolean => san.includes('://')

const TLS = new LuaClass<HttpStream>({
  peerCertificatePresented: ({ down }, L) => pushFlag(L, down.certificate !== null),
  peerCertificateValidated: ({ down }, L) => pushFlag(L, down.certificate !== null),
  uriSanLocalCertificate: ({ down }, L) => pushList(L, down.ownSans.filter(isUri)),
  dnsSansLocalCertificate: ({ down }, L) =>
    pushList(
      L,
      down.ownSans.filter(san => !isUri(san)),
    ),
  uriSanPeerCertificate: ({ down }, L) => pushList(L, (down.certificate?.sans ?? []).filter(isUri)),
  dnsSansPeerCertificate: ({ down }, L) =>
    pushList(
      L,
      (down.certificate?.sans ?? []).filter(san => !isUri(san)),
    ),
  subjectPeerCertificate: ({ down }, L) => pushText(L, down.certificate?.subject ?? ''),
  issuerPeerCertificate: ({ down }, L) => pushText(L, down.certificate?.issuer ?? ''),
})

function pushFlag(L: LuaState, flag: boolean): number {
  lua.lua_pushboolean(L, flag)
  return 1
}

function pushList(L: LuaState, values: readonly string[]): number {
  pushJson(L, [...values])
  return 1
}
