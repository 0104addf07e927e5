// Builds everything that is run: the command line, the conformance runner and the page. Called by npm's `prepare`,
// so that after `npm ci` alone the commands work. stdout stays clean: talk goes to stderr.
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

rmSync(`${root}dist`, { recursive: true, force: true })
if (existsSync(`${root}simulator/cli/main.ts`)) {
  await bundleEntry('simulator/cli/main.ts', 'dist/meshsim.js', { banner })
  chmodSync(`${root}dist/meshsim.js`, 0o755)
}
if (existsSync(`${root}test/conformance/main.ts`)) await bundleEntry('test/conformance/main.ts', 'dist/conformance.js')
if (existsSync(`${root}web/vite.config.ts`))
  await buildPage({ configFile: `${root}web/vite.config.ts`, root: `${root}web`, logLevel: 'error' })
