// `npm start` on a fresh machine: installs what is missing, builds when sources are newer than the build, serves.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = join(root, 'dist', 'meshsim.js')

/** Milliseconds of the newest file below `dir`. */
function newest(dir) {
  let latest = 0
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}

/** Runs a command; its output goes to stderr, a failure ends the start with the same code. */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

if (!existsSync(join(root, 'node_modules', 'fastify')) || !existsSync(join(root, 'node_modules', 'vite'))) {
  process.stderr.write('meshsim: installing dependencies ...\n')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
}
const stale =
  !existsSync(built) || Math.max(newest(join(root, 'simulator')), newest(join(root, 'web'))) > statSync(built).mtimeMs
if (stale) {
  process.stderr.write('meshsim: building ...\n')
  run(process.execPath, [join(root, 'simulator', 'cli', 'build.mjs')])
}
process.argv.splice(2, 0, 'serve')
await import(built)
