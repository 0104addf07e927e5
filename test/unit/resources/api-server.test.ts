// What the API server and protobuf's JSON refuse or let pass before istiod sees a resource.
import { expect, test } from 'vitest'
import { filterCipherSuites } from '../../../simulator/resources/cipher-suites.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { requestScheme } from '../../../simulator/resources/request-url.ts'

const load = (content: string) => loadResources([{ name: 'a.yaml', content }])
const rule = (spec: string, metadata = 'name: a') =>
  load(`apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {${metadata}}\nspec: ${spec}`)

test('labels and names must be text', () => {
  const { resources, diagnostics, unreadable } = rule('{host: a}', 'name: n, labels: {version: 1}')
  expect(resources).toEqual([])
  expect(unreadable).toBe(1)
  expect(diagnostics.map(d => [d.message, d.hint])).toEqual([
    ['metadata.name: cannot unmarshal bool into a field of type string', 'YAML takes it for a bool; put it in quotes'],
    [
      'metadata.labels.version: cannot unmarshal number into a field of type string',
      'YAML takes it for a number; put it in quotes',
    ],
  ])
})

test('istiod itself, reading files, turns them back into text', () => {
  const content = 'apiVersion: v1\nkind: Service\nmetadata: {name: n, labels: {version: 1}}\nspec: {}'
  const { resources, diagnostics } = loadResources([{ name: 'a.yaml', content }], { reader: 'istiod' })
  expect(diagnostics).toEqual([])
  expect(resources[0]?.metadata).toMatchObject({ name: 'false', labels: { version: '1' } })
})

test('wrapper fields take null, others do not, nor does the whole spec', () => {
  const policy = (text: string) => rule(`{host: a, trafficPolicy: {outlierDetection: {${text}}}}`).diagnostics
  expect(policy('interval: 5s, consecutive5xxErrors: null')).toEqual([])
  expect(policy('interval: 5s, maxEjectionPercent: null')).toHaveLength(1)
  expect(rule('null').diagnostics.map(d => d.message)).toEqual([
    'spec: Invalid value: "null": spec in body must be of type object: "null"',
  ])
})

test('32-bit numbers stay within 32 bits', () => {
  const pool = (value: string) => rule(`{host: a, trafficPolicy: {connectionPool: {http: {maxRetries: ${value}}}}}`)
  expect(pool('2147483647').diagnostics).toEqual([])
  expect(pool('2147483648').diagnostics).toHaveLength(1)
})

test('durations without a rule must be readable', () => {
  const cookie = (ttl: string) =>
    rule(`{host: a, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: ${ttl}}}}}}`)
  expect(cookie('0s').diagnostics).toEqual([])
  expect(cookie('"5"').diagnostics).toHaveLength(1)
})

test.each([
  ['http://a.b/c?d', 'http'],
  ['oci:a', 'oci'],
  ['/a', ''],
  [':a', null],
  ['a/b', null],
  ['http://:a', null],
  ['http://x{1}', null],
  ['http://[::1]:80/', 'http'],
  ['http://[]x', null],
  ['http://a/%zz', null],
])('%s as a request URL', (text, scheme) => {
  expect(requestScheme(text)).toBe(scheme)
})

test('cipher suites that Envoy would refuse are left out, operators stay', () => {
  expect(filterCipherSuites(['AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA', '-ALL', 'NULL'])).toEqual([
    'AES128-SHA',
    '-ALL',
  ])
})

test('data of a Secret is base64, or the object is refused', () => {
  const secret = (data: string) =>
    load(`apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: d}\ndata: {tls.crt: ${data}}`)
  expect(secret('YWJj').diagnostics).toEqual([])
  const refused = secret('"not base64"')
  expect([refused.resources, refused.refused, refused.unreadable]).toEqual([[], [], 1])
})
