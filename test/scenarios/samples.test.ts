// The unmodified sample manifests load and run: nothing is recognised by its name, everything that nobody described
// answers 200 at once, and the report says so.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bareScenario, runScenario } from '../../simulator/scenario/index.ts'
import { ROOT } from '../house/sources.ts'

const samples = join(ROOT, '../shared/conformance/samples/bookinfo')
const here = existsSync(samples)
if (!here) process.stdout.write('samples: skipped, ../shared/conformance/samples is not here\n')

const files = (...names: string[]) => names.map(name => ({ name, content: readFileSync(join(samples, name), 'utf8') }))

describe.skipIf(!here)('the bookinfo sample as it is', () => {
  test('lives: each gateway route is asked for and answered by pods that nobody described', () => {
    const { report, diagnostics } = runScenario({
      scenario: bareScenario('sample', '10s'),
      files: files(
        'platform/kube/bookinfo.yaml',
        'networking/bookinfo-gateway.yaml',
        'networking/destination-rule-all.yaml',
        'networking/virtual-service-all-v1.yaml',
      ),
    })
    expect(diagnostics.filter(d => d.level === 'error')).toEqual([])
    expect(report?.undescribed).toContain('productpage-v1.default')
    const row = report?.traffic.find(r => r.destination === 'productpage')
    expect(row?.requests).toBeGreaterThan(50)
    expect(row?.statuses).toEqual([{ name: '200', count: row?.requests }])
  })
})
