// The headers as a script sees them: pseudo headers first, then the lines (source/extensions/filters/http/lua/wrappers.cc).
import lua from 'fengari/src/lua.js'
import type { HeaderLines, HttpResponse } from '../../../../wire/types.ts'
import { put, remove } from '../../../header-lines.ts'
import type { HttpStream } from '../../../http/stream.ts'
import { type LuaState, raise } from './machine.ts'
import { LuaClass, pushText, pushWalk, stringAt } from './values.ts'

/** Header lines with their pseudo headers. */
export interface HeaderMap {
  pseudo(): [name: string, value: string][]
  setPseudo(name: string, value: string): void
  /** For reading. */
  lines(): HeaderLines
  /** For writing; told before every change. */
  own(): HeaderLines
  /** A script is in the midst of pairs(). */
  iterating: boolean
}

/** Changing a request's headers makes the route be chosen anew. */
export function requestHeaders(stream: HttpStream): HeaderMap {
  return {
    iterating: false,
    pseudo: () => {
      const { authority, path, method } = stream.request
      return [
        [':authority', authority],
        [':path', path],
        [':method', method],
        [':scheme', stream.request.scheme],
      ]
    },
    setPseudo: (name, value) => {
      stream.clearRouteCache()
      if (name === ':path') stream.change({ path: value })
      else if (name === ':authority') stream.change({ authority: value })
      else if (name === ':method') stream.change({ method: value })
      else if (name === ':scheme') stream.change({ scheme: value })
    },
    lines: () => stream.request.headers,
    own: () => {
      stream.clearRouteCache()
      return stream.ownHeaders()
    },
  }
}

export function responseHeaders(response: HttpResponse): HeaderMap {
  return {
    iterating: false,
    pseudo: () => [[':status', String(response.status)]],
    setPseudo: (name, value) => {
      if (name === ':status' && /^\d+$/.test(value)) response.status = Number(value)
    },
    lines: () => response.headers,
    own: () => response.headers,
  }
}

/** Trailers have no pseudo headers. */
export function trailerHeaders(lines: HeaderLines): HeaderMap {
  return { iterating: false, pseudo: () => [], setPseudo: () => {}, lines: () => lines, own: () => lines }
}

const all = (map: HeaderMap): HeaderLines => [...map.pseudo(), ...map.lines()]

function valuesOf(map: HeaderMap, name: string): string[] {
  return all(map)
    .filter(([key]) => key === name)
    .map(([, value]) => value)
}

function nameAt(L: LuaState): string {
  return stringAt(L, 2).toLowerCase()
}

function checkModifiable(map: HeaderMap, L: LuaState): void {
  if (map.iterating) raise(L, 'header map cannot be modified while iterating')
}

/** pairs(): one walk at a time. */
function iterate(map: HeaderMap, L: LuaState): number {
  if (map.iterating) raise(L, 'cannot create a second iterator before completing the first')
  map.iterating = true
  return pushWalk(
    L,
    all(map),
    (state, [name, value]) => pushText(state, name) + pushText(state, value),
    () => {
      map.iterating = false
    },
  )
}

export const HEADER_MAP = new LuaClass<HeaderMap>(
  {
    add: (map, L) => {
      checkModifiable(map, L)
      const name = nameAt(L)
      const value = stringAt(L, 3)
      if (name.startsWith(':')) map.setPseudo(name, value)
      else map.own().push([name, value])
      return 0
    },
    get: (map, L) => {
      const values = valuesOf(map, nameAt(L))
      return values.length === 0 ? 0 : pushText(L, values.join(','))
    },
    getAtIndex: (map, L) => pushText(L, valuesOf(map, nameAt(L))[lua.lua_tonumber(L, 3)]),
    getNumValues: (map, L) => {
      lua.lua_pushinteger(L, valuesOf(map, nameAt(L)).length)
      return 1
    },
    replace: (map, L) => {
      checkModifiable(map, L)
      const name = nameAt(L)
      const value = stringAt(L, 3)
      if (name.startsWith(':')) map.setPseudo(name, value)
      else {
        const lines = map.own()
        const first = lines.findIndex(([key]) => key === name)
        for (let i = lines.length - 1; i > first && first >= 0; i--) if (lines[i]![0] === name) lines.splice(i, 1)
        put(lines, name, value)
      }
      return 0
    },
    remove: (map, L) => {
      checkModifiable(map, L)
      const name = nameAt(L)
      if (!name.startsWith(':')) remove(map.own(), name)
      return 0
    },
    setHttp1ReasonPhrase: () => 0,
  },
  iterate,
)
