// A server with a freshly built page over one of our scenarios, and a browser page that remembers every complaint.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { ownShelf, readScenario } from '../../simulator/cli/files.ts'
import { type RunningServer, startServer } from '../../simulator/server/index.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const OUTPUT = join(ROOT, 'test', 'e2e', 'output')

/** Builds web/ into a folder of its own, so that the tests never see an old page. */
export async function buildPage(): Promise<{ dir: string; remove: () => void }> {
  const dir = mkdtempSync(join(tmpdir(), 'meshsim-page-'))
  await build({
    configFile: join(ROOT, 'web', 'vite.config.ts'),
    root: join(ROOT, 'web'),
    logLevel: 'error',
    build: { outDir: dir, emptyOutDir: true },
  })
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export function serveScenario(name: string, webDir: string): Promise<RunningServer> {
  const { scenario, files } = readScenario(join(ROOT, 'scenarios', name))
  return startServer({ scenario, files, port: 0, webDir, shelf: ownShelf() })
}

export interface Opened {
  page: Page
  /** Console errors and uncaught exceptions, as they came. */
  complaints: string[]
}

export async function open(
  browser: Browser,
  url: string,
  look: { light?: boolean; language?: string } = {},
): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme: look.light === true ? 'light' : 'dark',
    locale: look.language ?? 'en-US',
  })
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  await page.goto(url)
  return { page, complaints }
}

/** Virtual seconds on the page's clock. */
export async function clockOf(page: Page): Promise<number> {
  const [minutes = '0', seconds = '0'] = ((await page.textContent('[data-test=clock]')) ?? '').split(':')
  return Number(minutes) * 60 + Number(seconds)
}

/** Share that a label of the picture tells for the edge from the reviews service to a version; -1 without a label. */
export async function shareOf(page: Page, version: string): Promise<number> {
  const label = page.locator(`[data-label="service/default/reviews>workload/default/reviews-${version}"]`)
  if (!(await label.isVisible())) return -1
  return Number.parseFloat((await label.locator('.pill text').textContent()) ?? '-1')
}

/** Replaces the text of the open file. */
export async function write(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}
