// The browser of the end-to-end tests: an installed Chrome or Chromium, else one that can be installed here, else a line
// that says what to do.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge']
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/** Path of a browser; installs one where that needs nobody's consent. */
export function findChromium(): string {
  const found = installed()
  if (found !== null) return found
  const root = process.getuid?.() === 0
  if (existsSync('/etc/debian_version') && root) {
    run('apt-get', ['update'])
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  } else {
    run(process.execPath, [
      fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url)),
      'install',
      'chromium',
    ])
  }
  const now = installed()
  if (now !== null) return now
  throw new Error(
    'no Chrome or Chromium was found and none could be installed: install one, or set CHROME_PATH to its program',
  )
}

function installed(): string | null {
  const named = process.env['CHROME_PATH'] ?? ''
  if (named !== '' && runs(named)) return named
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) if (folder !== '' && runs(join(folder, name))) return join(folder, name)
  }
  return [...PLACES, chromium.executablePath()].find(runs) ?? null
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function run(command: string, args: readonly string[]): void {
  spawnSync(command, args, { stdio: ['ignore', 2, 2], timeout: 240_000 })
}

export function launch(): Promise<Browser> {
  const root = process.getuid?.() === 0
  return chromium.launch({ executablePath: findChromium(), args: root ? ['--no-sandbox'] : [] })
}
