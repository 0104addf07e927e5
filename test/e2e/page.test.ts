// The page as a person meets it, in a real browser over a real server.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningServer } from '../../simulator/server/index.ts'
import { launch } from './chromium.ts'
import { buildPage, clockOf, OUTPUT, open, serveScenario, shareOf, write } from './page.ts'

let browser: Browser
let built: Awaited<ReturnType<typeof buildPage>>
let bookinfo: RunningServer

beforeAll(async () => {
  mkdirSync(OUTPUT, { recursive: true })
  built = await buildPage()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  built?.remove()
})

async function withBookinfo(run: (url: string) => Promise<void>, scenario = 'bookinfo'): Promise<void> {
  bookinfo = await serveScenario(scenario, built.dir)
  try {
    await run(bookinfo.url)
  } finally {
    await bookinfo.close()
  }
}

const WEIGHTS = (v1: number, v3: number): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
    - route:
        - destination: { host: reviews, subset: v1 }
          weight: ${v1}
        - destination: { host: reviews, subset: v3 }
          weight: ${v3}
`

describe('the page', () => {
  test('shows a living bookinfo without a click and without a complaint', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      for (const workload of ['productpage-v1', 'reviews-v1', 'reviews-v2', 'reviews-v3', 'ratings-v1', 'details-v1']) {
        await page.waitForSelector(`[data-node="workload/default/${workload}"]`, { timeout: 20_000 })
      }
      await page.waitForSelector('[data-node="service/default/reviews"]', { timeout: 20_000 })
      await page.waitForSelector('[data-edge="workload/default/productpage-v1>service/default/reviews"].hue-ok', {
        timeout: 20_000,
      })
      const before = await clockOf(page)
      await expect.poll(() => clockOf(page)).toBeGreaterThan(before)
      await expect
        .poll(() => page.textContent('[data-test=sentence]'), { timeout: 20_000 })
        .toMatch(/requests a second reach productpage/)
      await page.waitForSelector('.cm-content', { timeout: 20_000 })
      await page.waitForTimeout(7000)
      await page.screenshot({ path: join(OUTPUT, 'mesh-dark.png') })
      if (process.env['UPDATE_SCREENSHOT'] === '1') {
        await page.screenshot({ path: fileURLToPath(new URL('../../web/screenshot.png', import.meta.url)) })
      }
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('goes over to another scenario by keyboard, and to files that are given', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.locator('[data-test=scenario]').focus()
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-card=trap-rbac]', { timeout: 20_000 })
      await page.keyboard.type('trap-rbac')
      await page.keyboard.press('ArrowDown')
      await expect.poll(() => page.textContent('[data-test=scenario-text]')).toContain('the first ALLOW policy denies')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-node="workload/default/shop"]', { timeout: 20_000 })
      await page.locator('input[type=file]').setInputFiles({
        name: 'mine.yaml',
        mimeType: 'text/yaml',
        buffer: Buffer.from('apiVersion: v1\nkind: Pod\nmetadata: { name: mine, labels: { app: mine } }\nspec: {}\n'),
      })
      await page.waitForSelector('[data-node="workload/default/mine"]', { timeout: 20_000 })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('looks inside a proxy: the way of a request, what was refused, gauges and configuration', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      const productpage = page.locator('[data-node="workload/default/productpage-v1"]')
      await expect.poll(() => page.locator('tr[data-request]').count(), { timeout: 20_000 }).toBeGreaterThan(5)
      await productpage.focus()
      await page.keyboard.press('Enter')
      await page.locator('[data-inside="productpage-v1-0.default"]').focus()
      await page.keyboard.press('Enter')
      const reviews = page.locator('.chip', { hasText: 'reviews' })
      await reviews.click({ timeout: 20_000 })
      await expect.poll(() => page.textContent('[data-test=proxy-say]')).toMatch(/goes to reviews v\d: 200/)
      const routes = page.locator('[data-column=route] [data-fate]')
      await expect.poll(() => routes.count()).toBe(2)
      expect(await page.locator('[data-column=filters] [data-fate=chosen]').count()).toBeGreaterThan(4)
      expect(await page.textContent('[data-test=sync]')).toContain('in step')
      expect(await page.textContent('[data-test=gauges]')).toContain('closed')
      await page.click('[data-test=language]')
      await expect.poll(() => page.textContent('[data-test=sync]')).toContain('已同步')
      await page.keyboard.press('Escape')
      await expect.poll(() => page.locator('[data-test=proxy]').isVisible()).toBe(false)
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('stops at space, goes on by a step, and runs at the chosen speed', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.waitForSelector('[data-test=pause]')
      await page.waitForTimeout(1000)
      await page.locator('.graph').click({ position: { x: 20, y: 20 } })
      await page.keyboard.press('Space')
      await page.waitForSelector('[data-test=play]')
      const stood = await clockOf(page)
      await page.waitForTimeout(400)
      expect(await clockOf(page)).toBe(stood)
      await page.keyboard.press('.')
      await expect.poll(() => clockOf(page)).toBeGreaterThan(stood)
      await page.selectOption('[data-test=speed]', '10')
      await page.click('[data-test=play]')
      const from = await clockOf(page)
      // At plain speed the clock would be at 20 s by then, however busy the machine.
      await expect.poll(() => clockOf(page), { timeout: 20_000 }).toBeGreaterThan(from + 25)
      // Slow again first: on a busy machine ten seconds of the run are over before one looks.
      await page.selectOption('[data-test=speed]', '1')
      await page.click('[data-test=beginning]')
      await expect.poll(() => clockOf(page)).toBeLessThan(from + 4)
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('goes to any moment by a click on the time line, and back to an event by its key', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.waitForSelector('[data-test=pause]')
      await page.click('[data-test=pause]')
      const line = page.locator('[data-test=timeline]')
      const box = (await line.boundingBox())!
      const click = (share: number) => line.click({ position: { x: 74 + share * (box.width - 90), y: 60 } })
      await click(0.75)
      // The mesh hurries there; a busy machine takes its time.
      await expect.poll(() => clockOf(page), { timeout: 20_000 }).toBeGreaterThan(40)
      await page.screenshot({ path: join(OUTPUT, 'ahead.png') })
      await click(0.25)
      await expect.poll(() => clockOf(page)).toBeLessThan(20)
      expect(await clockOf(page)).toBeGreaterThan(10)
      await page.waitForSelector('[data-edge="workload/default/productpage-v1>service/default/reviews"].hue-ok')
      await page.keyboard.press('Home')
      await expect.poll(() => clockOf(page)).toBe(0)
      // What has run is known: the edge and each request of it are there at once.
      await page.keyboard.press('End')
      await expect.poll(() => clockOf(page)).toBeGreaterThan(40)
      const edge = await clockOf(page)
      await page.click('[data-test=stepBack]')
      await expect.poll(() => clockOf(page)).toBeLessThan(edge)
      await page.click('[data-test=step]')
      await expect.poll(() => clockOf(page)).toBeGreaterThan(edge - 2)
      await line.focus()
      await page.keyboard.press('PageUp')
      await expect.poll(() => clockOf(page)).toBeLessThan(edge - 8)
      await page.screenshot({ path: join(OUTPUT, 'back.png') })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('refuses YAML with an error at its line, and the mesh goes on as it was', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.waitForSelector('.cm-content')
      await write(page, WEIGHTS(50, 50).replace('weight: 50\n        -', 'wait: 50\n        -'))
      await page.click('[data-test=apply]')
      const message = page.locator('[data-test=diagnostics] button').first()
      await message.waitFor({ timeout: 5000 })
      expect(await message.textContent()).toMatch(/^Line 10: /)
      expect(await page.locator('.cm-lint-marker-error').count()).toBeGreaterThan(0)
      expect(await page.textContent('[data-test=status]')).toContain('last good mesh goes on')
      const before = await clockOf(page)
      await page.waitForTimeout(500)
      expect(await clockOf(page)).toBeGreaterThan(before)
      expect(await shareOf(page, 'v1')).toBeGreaterThan(50)
      await page.screenshot({ path: join(OUTPUT, 'yaml-error.png') })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('turns changed weights into changed shares', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.waitForSelector('.cm-content')
      await page.selectOption('[data-test=speed]', '10')
      await expect.poll(() => shareOf(page, 'v1'), { timeout: 10_000 }).toBeGreaterThan(55)
      await write(page, WEIGHTS(10, 90))
      await page.click('[data-test=apply]')
      await expect.poll(() => page.textContent('[data-test=status]'), { timeout: 5000 }).toContain('Applied at')
      await expect.poll(() => shareOf(page, 'v3'), { timeout: 20_000 }).toBeGreaterThan(80)
      expect(await shareOf(page, 'v1')).toBeLessThan(20)
      await expect.poll(() => page.locator('.event').count()).toBeGreaterThan(0)
      await page.screenshot({ path: join(OUTPUT, 'weights.png') })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('shows the way of a clicked request with each decision', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.locator('[data-request]').first().waitFor({ timeout: 5000 })
      await page.locator('[data-request]').first().click()
      await page.waitForSelector('[data-test=waterfall]')
      const chain = page.locator('[data-test=chain]').first()
      await chain.waitFor()
      const steps = await chain.locator('.step').allTextContents()
      expect(steps).toEqual(expect.arrayContaining(['listener', 'virtual host', 'cluster', 'endpoint', 'end']))
      await page.locator('.waterfall .row', { hasText: 'reviews' }).first().click()
      await expect.poll(() => page.locator('[data-test=chain]').first().textContent()).toContain('reviews')
      await page.screenshot({ path: join(OUTPUT, 'request.png') })
      await page.getByRole('tab', { name: 'Wire' }).click()
      // Within the pod anybody can read; between the pods there is ciphertext.
      await expect.poll(() => page.locator('.wire').count()).toBe(2)
      expect(await page.locator('.wire').first().textContent()).toContain('host: reviews:9080')
      expect(await page.locator('.wire.secret').textContent()).toMatch(/ClientHello: server name outbound_.9080_/)
      await page.screenshot({ path: join(OUTPUT, 'wire.png') })
      await page.keyboard.press('Escape')
      await page.waitForSelector('[data-test=request]', { state: 'hidden' })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('draws the run as curves, of the mesh and of a node, and goes to a moment by a click', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.locator('[data-request]').first().waitFor({ timeout: 5000 })
      await page.click('[data-view=metrics]')
      await expect.poll(() => page.locator('[data-test=metrics] .uplot').count(), { timeout: 10_000 }).toBe(3)
      await page.selectOption('[data-test=speed]', { label: '10×' }).catch(() => {})
      await page.waitForTimeout(2500)
      expect(await page.textContent('[data-test=metrics]')).toContain('200')
      await page.screenshot({ path: join(OUTPUT, 'metrics.png') })
      await page.click('[data-test=pause]')
      const before = await clockOf(page)
      const over = page.locator('[data-test=metrics] .u-over').first()
      await over.click({ position: { x: 1, y: 60 } })
      await expect.poll(() => clockOf(page)).toBeLessThan(Math.min(2, before))
      await page.click('[data-view=mesh]')
      await page.click('[data-node="workload/default/reviews-v1"]')
      await page.click('[data-view=metrics]')
      await expect.poll(() => page.textContent('[data-test=metrics]')).toContain('v3')
      await page.click('[data-test=theme]')
      await page.click('[data-test=language]')
      await expect.poll(() => page.textContent('[data-test=metrics]')).toContain('延迟')
      await page.screenshot({ path: join(OUTPUT, 'metrics-light-zh.png') })
      expect(complaints).toEqual([])
      await page.close()
    }))

  test('says which call fails when one does, and opens the reason', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url)
      await page.waitForSelector('[data-edge="workload/default/reviews-v2>workload/default/ratings-v1"].failing', {
        timeout: 10_000,
      })
      await expect.poll(() => page.textContent('[data-test=sentence]'), { timeout: 5000 }).toMatch(/reviews v2 loses/)
      await page.screenshot({ path: join(OUTPUT, 'fault.png') })
      await page.click('[data-test=act]')
      await page.waitForSelector('[data-test=waterfall]')
      expect(await page.locator('[data-test=request]').textContent()).toContain('fault_filter_abort')
      await page.screenshot({ path: join(OUTPUT, 'fault-request.png') })
      expect(complaints).toEqual([])
      await page.close()
    }, 'bookinfo-fault-abort'))

  test('speaks Chinese in light as well, and remembers it', () =>
    withBookinfo(async url => {
      const { page, complaints } = await open(browser, url, { light: true })
      await page.waitForSelector('[data-node="workload/default/productpage-v1"]')
      await page.click('[data-test=language]')
      await expect.poll(() => page.textContent('[data-test=sentence]'), { timeout: 5000 }).toContain('每秒')
      await page.locator('[data-row="service/default/reviews"]').click()
      await page.waitForTimeout(1500)
      await page.screenshot({ path: join(OUTPUT, 'mesh-light-zh.png') })
      expect(await page.locator('html').getAttribute('data-theme')).toBe('light')
      await page.reload()
      await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('zh-Hans')
      expect(complaints).toEqual([])
      await page.close()
    }))
})
