// What passes between Lua and the proxy: JSON values, tables of headers, and objects whose methods are the proxy's.
import lauxlib from 'fengari/src/lauxlib.js'
import lua from 'fengari/src/lua.js'
import type { HeaderLines } from '../../../../wire/types.ts'
import type { Json, JsonObject } from '../../../../xds/types.ts'
import { jsText, type LuaState, luaText, raise } from './machine.ts'

/** Pushes a text; nothing for none. Returns how many values it pushed. */
export function pushText(L: LuaState, text: string | undefined): number {
  if (text === undefined) return 0
  lua.lua_pushstring(L, luaText(text))
  return 1
}

/**
 * Pushes the function that pairs() walks with: it pushes one entry after the other and says how many values that were, then
 * nil. `ended` is told when all have been given.
 */
export function pushWalk<T>(
  L: LuaState,
  entries: readonly T[],
  push: (state: LuaState, entry: T) => number,
  ended: () => void = () => {},
): number {
  let at = 0
  lua.lua_pushjsfunction(L, state => {
    const entry = entries[at++]
    if (entry !== undefined) return push(state, entry)
    ended()
    lua.lua_pushnil(state)
    return 1
  })
  return 1
}

/** Pushes one value; objects and lists become tables. Null is nil. */
export function pushJson(L: LuaState, value: Json | undefined): void {
  if (value === null || value === undefined) lua.lua_pushnil(L)
  else if (typeof value === 'string') pushText(L, value)
  else if (typeof value === 'number') lua.lua_pushnumber(L, value)
  else if (typeof value === 'boolean') lua.lua_pushboolean(L, value)
  else {
    lua.lua_newtable(L)
    if (Array.isArray(value))
      value.forEach((item, at) => {
        pushJson(L, item)
        lua.lua_rawseti(L, -2, at + 1)
      })
    else
      for (const [key, item] of Object.entries(value)) {
        pushText(L, key)
        pushJson(L, item)
        lua.lua_rawset(L, -3)
      }
  }
}

/** The value at an index; a table with the keys 1..n is a list. Functions and the like raise an error. */
export function readJson(L: LuaState, index: number): Json {
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TNIL:
      return null
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index)
    case lua.LUA_TNUMBER:
      return lua.lua_tonumber(L, index)
    case lua.LUA_TSTRING:
      return stringAt(L, index)
    case lua.LUA_TTABLE:
      return readTable(L, lua.lua_absindex(L, index))
    default:
      return raise(L, 'unexpected type in the table')
  }
}

function readTable(L: LuaState, index: number): Json {
  const entries = new Map<string, Json>()
  lua.lua_pushnil(L)
  while (lua.lua_next(L, index)) {
    // A copy of the key is read: reading turns numbers into strings in place.
    lua.lua_pushvalue(L, -2)
    const key = stringAt(L, -1)
    lua.lua_pop(L, 1)
    entries.set(key, readJson(L, -1))
    lua.lua_pop(L, 1)
  }
  const places = Array.from({ length: entries.size }, (_, at) => String(at + 1))
  if (places.length > 0 && places.every(place => entries.has(place)))
    return places.map(place => entries.get(place) ?? null)
  return Object.fromEntries(entries) as JsonObject
}

/** A string argument; numbers count as strings, anything else is the script's error. */
export function stringAt(L: LuaState, index: number): string {
  return jsText(lauxlib.luaL_checkstring(L, index))
}

/** `fallback` where the script gave nothing. */
export function optionalString(L: LuaState, index: number, fallback: string): string {
  return lua.lua_gettop(L) < index || lua.lua_type(L, index) === lua.LUA_TNIL ? fallback : stringAt(L, index)
}

/** A table name -> value or list of values (lua_filter.cc buildHeadersFromTable). Names become lower case. */
export function headersAt(L: LuaState, index: number): HeaderLines {
  lauxlib.luaL_checktype(L, index, lua.LUA_TTABLE)
  const lines: HeaderLines = []
  lua.lua_pushnil(L)
  while (lua.lua_next(L, index)) {
    lua.lua_pushvalue(L, -2)
    const name = stringAt(L, -1).toLowerCase()
    lua.lua_pop(L, 1)
    if (lua.lua_type(L, -1) === lua.LUA_TTABLE) {
      const list = lua.lua_gettop(L)
      lua.lua_pushnil(L)
      while (lua.lua_next(L, list)) {
        lines.push([name, stringAt(L, -1)])
        lua.lua_pop(L, 1)
      }
    } else lines.push([name, stringAt(L, -1)])
    lua.lua_pop(L, 1)
  }
  return lines
}

/** Lines as a table; of several lines of a name the last counts. */
export function pushHeaders(L: LuaState, lines: HeaderLines): void {
  lua.lua_newtable(L)
  for (const [name, value] of lines) {
    pushText(L, name)
    pushText(L, value)
    lua.lua_rawset(L, -3)
  }
}

/** What a script holds is good only while the call runs that it was given in (LuaDeathRef). */
export interface Scope {
  live: boolean
}

/** A method: arguments from index 2 on; returns how many results it pushed. */
export type Method<T> = (self: T, L: LuaState) => number

/** A class of objects that scripts see: methods by name, and optionally pairs(). */
export class LuaClass<T> {
  private readonly methods: { [name: string]: Method<T> }
  private readonly pairs: Method<T> | null
  /** Registry reference of the metatable, by machine. */
  private readonly metatables = new WeakMap<LuaState, number>()

  constructor(methods: { [name: string]: Method<T> }, pairs: Method<T> | null = null) {
    this.methods = methods
    this.pairs = pairs
  }

  /** Pushes an object of this class. */
  push(L: LuaState, main: LuaState, self: T, scope: Scope): void {
    const held = lua.lua_newuserdata(L, 0) as { self?: T; scope?: Scope }
    held.self = self
    held.scope = scope
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, this.metatable(main))
    lua.lua_setmetatable(L, -2)
  }

  private metatable(main: LuaState): number {
    let ref = this.metatables.get(main)
    if (ref === undefined) {
      lua.lua_newtable(main)
      lua.lua_newtable(main)
      for (const [name, method] of Object.entries(this.methods)) {
        lua.lua_pushjsfunction(main, L => method(selfAt<T>(L), L))
        lua.lua_setfield(main, -2, luaText(name))
      }
      lua.lua_setfield(main, -2, luaText('__index'))
      const { pairs } = this
      if (pairs !== null) {
        lua.lua_pushjsfunction(main, L => pairs(selfAt<T>(L), L))
        lua.lua_setfield(main, -2, luaText('__pairs'))
      }
      ref = lauxlib.luaL_ref(main, lua.LUA_REGISTRYINDEX)
      this.metatables.set(main, ref)
    }
    return ref
  }
}

function selfAt<T>(L: LuaState): T {
  const held = lua.lua_touserdata(L, 1) as { self?: T; scope?: Scope } | null
  if (held?.self === undefined || held.scope === undefined) return raise(L, 'bad self: call methods with a colon')
  if (!held.scope.live) return raise(L, 'object used outside of proper scope')
  return held.self
}
