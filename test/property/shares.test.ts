// Weighted routing is a fair draw: 20,000 requests at 90/10, for 20 fixed seeds.
import { expect, test } from 'vitest'
import { bareScenario, createSimulation, type ScenarioSpec } from '../../simulator/scenario/index.ts'

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client-0, labels: { app: client } }
spec: { containers: [{ name: client, image: client }] }
---
apiVersion: v1
kind: Pod
metadata: { name: shop-v1-0, labels: { app: shop, version: v1 } }
spec: { containers: [{ name: shop, image: shop, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: shop-v2-0, labels: { app: shop, version: v2 } }
spec: { containers: [{ name: shop, image: shop, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shop }
spec:
  host: shop
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: [shop]
  http:
  - route:
    - { destination: { host: shop, subset: v1 }, weight: 90 }
    - { destination: { host: shop, subset: v2 }, weight: 10 }
`

const REQUESTS = 20_000
const SHARE = 0.1
/** Two-sided 99 % of the normal distribution. */
const Z = 2.5758

function shareOfV2(seed: number): number {
  const scenario: ScenarioSpec = {
    ...bareScenario('shares', '30s'),
    loads: [
      {
        name: 'client',
        source: 'client-0.default',
        pattern: { constant: 1000 },
        count: REQUESTS,
        requests: [{ url: 'http://shop/' }],
      },
    ],
  }
  const { simulation } = createSimulation({
    scenario,
    files: [{ name: 'mesh.yaml', content: MESH }],
    seed: String(seed),
  })
  simulation!.runUntil(30_000_000)
  const edge = simulation!.statistics.sorted().find(e => e.destination === 'shop')!
  expect(edge.requests).toBe(REQUESTS)
  return edge.versions.get('v2') ?? 0
}

test('at 90/10 at most 2 of 20 seeds leave the 99 % binomial interval', { timeout: 300_000 }, () => {
  const bound = Z * Math.sqrt(REQUESTS * SHARE * (1 - SHARE)) + 0.5
  const counts = Array.from({ length: 20 }, (_, seed) => shareOfV2(seed + 1))
  const outside = counts.filter(count => Math.abs(count - REQUESTS * SHARE) > bound)
  expect(outside.length, `shares: ${counts.join(' ')}`).toBeLessThanOrEqual(2)
  expect(new Set(counts).size).toBeGreaterThan(5)
})
