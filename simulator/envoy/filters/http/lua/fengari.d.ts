// fengari ships no types: the part of Lua's C API that is used here. Strings are byte arrays on Lua's side.
declare module 'fengari/src/*' {
  namespace library {
    interface LuaState {
      readonly opaque: unique symbol
    }
  }
  type LuaState = library.LuaState
  type LuaString = Uint8Array
  type LuaFunction = (L: LuaState) => number
  const library: {
    LUA_OK: number
    LUA_YIELD: number
    LUA_MASKCOUNT: number
    LUA_REGISTRYINDEX: number
    LUA_TNIL: number
    LUA_TBOOLEAN: number
    LUA_TNUMBER: number
    LUA_TSTRING: number
    LUA_TTABLE: number
    LUA_TFUNCTION: number
    to_luastring(text: string): LuaString
    to_jsstring(text: LuaString, from?: number, to?: number, replace?: boolean): string
    lua_newthread(L: LuaState): LuaState
    lua_pushnil(L: LuaState): void
    lua_pushnumber(L: LuaState, value: number): void
    lua_pushinteger(L: LuaState, value: number): void
    lua_pushboolean(L: LuaState, value: boolean): void
    lua_pushstring(L: LuaState, value: LuaString): void
    lua_pushvalue(L: LuaState, index: number): void
    lua_pushjsfunction(L: LuaState, value: LuaFunction): void
    lua_newtable(L: LuaState): void
    lua_newuserdata(L: LuaState, size: number): object
    lua_touserdata(L: LuaState, index: number): object | null
    lua_setfield(L: LuaState, index: number, name: LuaString): void
    lua_setglobal(L: LuaState, name: LuaString): void
    lua_getglobal(L: LuaState, name: LuaString): number
    lua_setmetatable(L: LuaState, index: number): void
    lua_rawget(L: LuaState, index: number): number
    lua_rawset(L: LuaState, index: number): void
    lua_rawseti(L: LuaState, index: number, at: number): void
    lua_rawgeti(L: LuaState, index: number, at: number): number
    lua_next(L: LuaState, index: number): boolean
    lua_pop(L: LuaState, count: number): void
    lua_gettop(L: LuaState): number
    lua_absindex(L: LuaState, index: number): number
    lua_type(L: LuaState, index: number): number
    lua_toboolean(L: LuaState, index: number): boolean
    lua_tonumber(L: LuaState, index: number): number
    lua_tostring(L: LuaState, index: number): LuaString | null
    lua_pcall(L: LuaState, args: number, results: number, handler: number): number
    lua_resume(L: LuaState, from: LuaState | null, args: number): number
    lua_yield(L: LuaState, results: number): number
    lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void
    luaL_newstate(): LuaState
    luaL_requiref(L: LuaState, name: LuaString, open: LuaFunction, global: number): void
    luaL_loadstring(L: LuaState, code: LuaString): number
    luaL_error(L: LuaState, format: LuaString, ...values: LuaString[]): number
    luaL_checkstring(L: LuaState, index: number): LuaString
    luaL_checkinteger(L: LuaState, index: number): number
    luaL_checktype(L: LuaState, index: number, type: number): void
    luaL_ref(L: LuaState, index: number): number
    luaL_unref(L: LuaState, index: number, ref: number): void
    luaopen_base: LuaFunction
    luaopen_string: LuaFunction
    luaopen_table: LuaFunction
    luaopen_math: LuaFunction
    luaopen_coroutine: LuaFunction
    luaO_tostring(L: LuaState, value: LuaNumber): void
  }
  /** A number on the stack, as lobject.js sees it. */
  interface LuaNumber {
    value: number
    ttisinteger(): boolean
    setsvalue(text: object): void
  }
  export = library
}
