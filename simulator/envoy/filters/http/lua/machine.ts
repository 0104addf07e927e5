// A Lua machine for one script: LuaJIT's language as far as scripts of proxies use it, on a virtual clock, with seeded
// randomness and an end to endless loops. Envoy runs LuaJIT 2.1 (Lua 5.1); fengari is Lua 5.3 in JavaScript: numbers print
// as in 5.1, and the functions that 5.2 and 5.3 took away are put back.
/// <reference path="./fengari.d.ts" />
import core from 'fengari/src/fengaricore.js'
import lauxlib from 'fengari/src/lauxlib.js'
import objects from 'fengari/src/lobject.js'
import lua from 'fengari/src/lua.js'
import libraries from 'fengari/src/lualib.js'

export type LuaState = lua.LuaState

/** Virtual machine instructions after which a script is stopped: Envoy would hang here. */
const MOST_INSTRUCTIONS = 10_000_000

/** What Lua 5.1 and LuaJIT have, and 5.3 has not. */
const PRELUDE = `
unpack, loadstring, math.pow, math.mod = table.unpack, load, function(a, b) return a ^ b end, math.fmod
math.log10 = function(a) return math.log(a, 10) end
table.getn = function(t) return #t end
table.maxn = function(t) local n = 0 for k in pairs(t) do if type(k) == 'number' and k > n then n = k end end return n end
string.gfind = string.gmatch
bit = {
  tobit = function(a) return (a << 32 >> 32) end, bnot = function(a) return ~a end,
  band = function(a, b) return a & b end, bor = function(a, b) return a | b end, bxor = function(a, b) return a ~ b end,
  lshift = function(a, n) return (a << n) & 0xffffffff end, rshift = function(a, n) return (a & 0xffffffff) >> n end,
}
EnvoyTimestampResolution = { MILLISECOND = 0, MICROSECOND = 1 }
`

/** LuaJIT knows one kind of number, and prints 5 and not 5.0. */
const printNumber = objects.luaO_tostring
objects.luaO_tostring = (L, number) => {
  if (!number.ttisinteger() && Number.isSafeInteger(number.value)) {
    const { value } = number
    printNumber(L, {
      value,
      ttisinteger: () => true,
      setsvalue: text => number.setsvalue(text),
    })
  } else printNumber(L, number)
}

export const luaText = (text: string): Uint8Array => core.to_luastring(text)
export const jsText = (bytes: Uint8Array): string => core.to_jsstring(bytes, undefined, undefined, true)

/** Raises an error in the script; the place is put before it. Never returns. */
export function raise(L: LuaState, words: string): never {
  lauxlib.luaL_error(L, luaText('%s'), luaText(words))
  throw new Error(words)
}

export interface MachineClock {
  /** Seconds since 1970. */
  now: () => number
  /** In [0, 1). */
  draw: () => number
}

export class LuaMachine {
  readonly main: LuaState
  private readonly functions = new Map<string, number>()

  /** Throws an Error in Envoy's words when the script does not load. */
  constructor(code: string, clock: MachineClock) {
    this.main = lauxlib.luaL_newstate()
    this.openLibraries(clock)
    this.load(PRELUDE)
    this.load(code)
  }

  private openLibraries({ now, draw }: MachineClock): void {
    const L = this.main
    const open = [
      ['_G', libraries.luaopen_base],
      ['string', libraries.luaopen_string],
      ['table', libraries.luaopen_table],
      ['math', libraries.luaopen_math],
      ['coroutine', libraries.luaopen_coroutine],
    ] as const
    for (const [name, opener] of open) {
      lauxlib.luaL_requiref(L, luaText(name), opener, 1)
      lua.lua_pop(L, 1)
    }
    this.override('math', { random: state => drawNumber(state, draw), randomseed: () => 0 })
    lua.lua_newtable(L)
    lua.lua_setglobal(L, luaText('os'))
    const seconds = (state: LuaState): number => {
      lua.lua_pushnumber(state, Math.floor(now()))
      return 1
    }
    const clock = (state: LuaState): number => {
      lua.lua_pushnumber(state, now())
      return 1
    }
    this.override('os', { time: seconds, clock })
  }

  private override(table: string, functions: { [name: string]: (L: LuaState) => number }): void {
    const L = this.main
    lua.lua_getglobal(L, luaText(table))
    for (const [name, act] of Object.entries(functions)) {
      lua.lua_pushjsfunction(L, act)
      lua.lua_setfield(L, -2, luaText(name))
    }
    lua.lua_pop(L, 1)
  }

  private load(code: string): void {
    const L = this.main
    const failed = lauxlib.luaL_loadstring(L, luaText(code)) || lua.lua_pcall(L, 0, 0, 0)
    if (failed !== lua.LUA_OK) throw new Error(`script load error: ${jsText(lua.lua_tostring(L, -1) ?? luaText(''))}`)
  }

  /** Does the script define this global function? */
  has(name: string): boolean {
    return this.functionRef(name) > 0
  }

  private functionRef(name: string): number {
    let ref = this.functions.get(name)
    if (ref === undefined) {
      const L = this.main
      ref = 0
      if (lua.lua_getglobal(L, luaText(name)) === lua.LUA_TFUNCTION) ref = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX)
      else lua.lua_pop(L, 1)
      this.functions.set(name, ref)
    }
    return ref
  }

  /** A run of one of the script's functions, not yet begun. */
  run(name: string): LuaRun {
    return new LuaRun(this.main, this.functionRef(name))
  }
}

/** One call of a function as a coroutine: it may wait for something, and go on with what came. */
export class LuaRun {
  readonly state: LuaState
  private readonly main: LuaState
  private readonly anchor: number

  constructor(main: LuaState, functionRef: number) {
    this.main = main
    this.state = lua.lua_newthread(main)
    this.anchor = lauxlib.luaL_ref(main, lua.LUA_REGISTRYINDEX)
    lua.lua_sethook(this.state, L => raise(L, 'script runs without end'), lua.LUA_MASKCOUNT, MOST_INSTRUCTIONS)
    lua.lua_rawgeti(this.state, lua.LUA_REGISTRYINDEX, functionRef)
  }

  /** Goes on with `args` values that were pushed: over, waiting, or failed with these words. */
  resume(args: number): { state: 'over' | 'waits' | 'failed'; words: string } {
    const status = lua.lua_resume(this.state, null, args)
    if (status === lua.LUA_YIELD) return { state: 'waits', words: '' }
    const text = status === lua.LUA_OK ? null : lua.lua_tostring(this.state, -1)
    const words = text === null ? 'unspecified lua error' : jsText(text)
    this.end()
    return { state: status === lua.LUA_OK ? 'over' : 'failed', words }
  }

  /** The run will not go on. */
  end(): void {
    lauxlib.luaL_unref(this.main, lua.LUA_REGISTRYINDEX, this.anchor)
  }
}

/** math.random() from the world's own dice, with 5.1's ranges. */
function drawNumber(L: LuaState, draw: () => number): number {
  const count = lua.lua_gettop(L)
  if (count === 0) {
    lua.lua_pushnumber(L, draw())
    return 1
  }
  const low = count > 1 ? lauxlib.luaL_checkinteger(L, 1) : 1
  const high = lauxlib.luaL_checkinteger(L, count > 1 ? 2 : 1)
  if (low > high) raise(L, `bad argument #${count > 1 ? 2 : 1} to 'random' (interval is empty)`)
  lua.lua_pushinteger(L, low + Math.floor(draw() * (high - low + 1)))
  return 1
}
