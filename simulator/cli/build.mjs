// Builds everything that is run: the command line, the conformance runner and the page. Called by npm's `prepare`,
// so that after `npm ci` alone the commands work. stdout stays clean: talk goes to stderr.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import { build as buildPage } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))
const banner = { js: '#!/usr/bin/env node' }

/** Bundles one Node entry; packages stay imports, so that licences and versions remain visible in node_modules. */
async function bundleEntry(entry, outfile, extra = {}) {
  await bundle({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'error',
    ...extra,
  })
}

/** Declarations of the library beside it; the compiler works while the rest is bundled. */
function declare() {
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const compiler = spawn(process.execPath, [tsc, '-p', 'simulator/api/tsconfig.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  return new Promise(done => compiler.on('exit', done))
}

rmSync(`${root}dist`, { recursive: true, force: true })
await bundleEntry('simulator/api/index.ts', 'dist/index.js')
const declared = declare()
await bundleEntry('simulator/cli/main.ts', 'dist/meshsim.js', { banner })
chmodSync(`${root}dist/meshsim.js`, 0o755)
if (existsSync(`${root}test/conformance/main.ts`)) await bundleEntry('test/conformance/main.ts', 'dist/conformance.js')
await buildPage({ configFile: `${root}web/vite.config.ts`, root: `${root}web`, logLevel: 'error' })
if ((await declared) !== 0) process.exit(1)
