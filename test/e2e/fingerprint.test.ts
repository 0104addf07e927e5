// The same engine in Node and in a browser's worker: one seed, one fingerprint, however the run is cut and whoever looks.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readScenario } from '../../simulator/cli/files.ts'
import { createSimulation } from '../../simulator/scenario/index.ts'
import { createFrameSource } from '../../simulator/stream/index.ts'
import { NODE_FREE } from '../../web/node-free.ts'
import { launch } from './chromium.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const UNTIL = 20_000_000
const { scenario, files } = readScenario(join(ROOT, 'scenarios', 'bookinfo'))

let browser: Browser
let server: Server
let address = ''

beforeAll(async () => {
  const bundle = await build({
    entryPoints: [join(ROOT, 'web', 'worker.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    ...NODE_FREE,
    logLevel: 'error',
  })
  const script = bundle.outputFiles[0]?.text ?? ''
  server = createServer((request, response) => {
    const isScript = request.url === '/worker.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>worker</title>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  server?.close()
})

function alone(seed: string): string {
  const { simulation } = createSimulation({ scenario, files, seed })
  simulation?.runUntil(UNTIL)
  return simulation?.fingerprint() ?? ''
}

function watched(seed: string, pieces: number): string {
  const source = createFrameSource({ scenario, files, seed })
  for (let piece = 1; piece <= pieces; piece++) {
    source.runUntil(Math.floor((UNTIL * piece) / pieces))
    source.snapshot()
  }
  return source.fingerprint()
}

async function inWorker(seed: string, pieces: number): Promise<string> {
  const page = await browser.newPage()
  await page.goto(address)
  const print = await page.evaluate(
    ({ start, until, pieces }) =>
      new Promise<string>((resolve, reject) => {
        const worker = new Worker('./worker.js', { type: 'module' })
        worker.onerror = event => reject(new Error(event.message))
        worker.onmessage = ({ data }) => {
          if (typeof data.fingerprint === 'string') resolve(data.fingerprint)
        }
        worker.postMessage({ start, paced: false })
        worker.postMessage({ until, pieces })
      }),
    { start: { scenario, files, seed }, until: UNTIL, pieces },
  )
  await page.close()
  return print
}

test('a run has one fingerprint with a viewer and without, in one piece and in sixty', () => {
  const print = alone('1')
  expect(print).toMatch(/^[0-9a-f]{16}$/)
  expect(watched('1', 1)).toBe(print)
  expect(watched('1', 60)).toBe(print)
  expect(alone('2')).not.toBe(print)
})

test("a browser's worker comes to the same fingerprint as Node", async () => {
  const print = alone('1')
  expect(await inWorker('1', 1)).toBe(print)
  expect(await inWorker('1', 60)).toBe(print)
  expect(await inWorker('2', 1)).toBe(alone('2'))
})
