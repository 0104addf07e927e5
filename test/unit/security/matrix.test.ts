// Who may call whom: cells are what happened to a probe, and name what decided.
import { describe, expect, test } from 'vitest'
import { accessChanges, accessMatrix, csvTable, markdownTable } from '../../../simulator/scenario/index.ts'

const app = (name: string, namespace: string, ports = '[{ name: http, port: 8000, targetPort: 8080 }]') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: ${ports} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template: { metadata: { labels: { app: ${name} } }, spec: { serviceAccountName: ${name}, containers: [{ name: app }] } }
---`

const MESH = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Namespace
metadata: { name: legacy }
---${app('web', 'shop')}${app('db', 'shop', '[{ name: tcp, port: 5432 }]')}${app('old', 'legacy')}
`
const POLICY = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: db-viewer, namespace: shop }
spec:
  selector: { matchLabels: { app: db } }
  rules:
    - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
`
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: STRICT } }
`

function matrixOf(...more: string[]) {
  const files = [MESH, ...more].map((content, i) => ({ name: `${i}.yaml`, content }))
  const { matrix } = accessMatrix({ files })
  const cell = (source: string, destination: string) =>
    matrix?.cells.find(one => one.source === source && one.destination === destination)
  return { matrix: matrix!, cell }
}

describe('the access matrix', () => {
  test('without policies: all may, and what the wire carries', () => {
    const { matrix, cell } = matrixOf()
    expect(matrix.cells).toHaveLength(9)
    expect(matrix.cells.every(({ outcome }) => outcome === 'allowed')).toBe(true)
    expect(cell('web.shop', 'db.shop:5432')).toMatchObject({ protocol: 'tcp', over: 'mutual TLS', decidedBy: '' })
    expect(cell('old.legacy', 'web.shop:8000')).toMatchObject({ over: 'plain text', status: 200 })
  })
  test('a policy names its rule and its line, for who is let in and who is not', () => {
    const { cell } = matrixOf(POLICY)
    const rule = 'ns[shop]-policy[db-viewer]-rule[0]'
    expect(cell('web.shop', 'db.shop:5432')).toMatchObject({ outcome: 'allowed', decidedBy: rule, place: '1.yaml:8:7' })
    expect(cell('old.legacy', 'db.shop:5432')).toMatchObject({
      outcome: 'denied',
      decidedBy: 'no ALLOW policy matches',
    })
  })
  test('plain text that is refused names the PeerAuthentication', () => {
    const { cell } = matrixOf(STRICT)
    expect(cell('old.legacy', 'web.shop:8000')).toMatchObject({
      outcome: 'failed',
      decidedBy: 'plain text is refused: PeerAuthentication shop/default',
      place: '1.yaml:5:1',
    })
    expect(cell('web.shop', 'old.legacy:8000')).toMatchObject({ outcome: 'allowed', over: 'plain text' })
  })
  test('before and after: only what differs', () => {
    const changes = accessChanges(matrixOf().matrix, matrixOf(STRICT).matrix)
    expect(changes.map(({ after }) => `${after?.source} ${after?.destination}`)).toEqual([
      'old.legacy web.shop:8000',
      'old.legacy db.shop:5432',
    ])
  })
})

test('tables quote what would break them', () => {
  expect(csvTable([['a', 'b,c', 'd"e']])).toBe('a,"b,c","d""e"\n')
  expect(markdownTable([['A'], ['x|y']])).toBe('| A |\n| --- |\n| x\\|y |\n')
})
