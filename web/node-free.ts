// How the engine is bundled for browsers: fengari (the Lua of scripts) asks for Node's modules in branches that only Node
// takes, and for one variable of the environment.
import { fileURLToPath } from 'node:url'

const nothing = fileURLToPath(new URL('./nothing.ts', import.meta.url))

/** For esbuild's and vite's options of these names. */
export const NODE_FREE = {
  alias: Object.fromEntries(['os', 'fs', 'path', 'child_process', 'crypto'].map(name => [name, nothing])),
  define: { 'process.env.FENGARICONF': 'undefined' },
}
