import { expect, test } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'

const rule = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: default}\nspec:\n${spec}`

const said = (spec: string) =>
  loadResources([{ name: 'a.yaml', content: rule(spec) }]).diagnostics.map(d => ({ message: d.message, hint: d.hint }))

test("a value of another type is refused in the API server's words", () => {
  expect(said('  host: [x]')).toEqual([
    {
      message: 'spec.host: Invalid value: "array": spec.host in body must be of type string: "array"',
      hint: 'write it as text; put quotes around numbers and around true or false',
    },
  ])
})

test('an enum name that does not exist names those that do, and the nearest', () => {
  expect(said('  host: x\n  trafficPolicy: {tls: {mode: SIMPEL}}')).toEqual([
    {
      message:
        'spec.trafficPolicy.tls.mode: Unsupported value: "SIMPEL": supported values: "DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"',
      hint: 'did you mean "SIMPLE"?',
    },
  ])
})

test('a broken duration says how durations are written', () => {
  expect(said('  host: x\n  trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1x}}}')).toEqual([
    {
      message:
        'spec.trafficPolicy.connectionPool.tcp.connectTimeout: Invalid value: "1x": must be a valid duration greater than 1ms',
      hint: 'write a number and a unit: "500ms", "5s", "1m30s", "1h"',
    },
  ])
})

test('what is required and absent is named so', () => {
  expect(said('  subsets: [{labels: {a: b}}]').map(d => d.message)).toEqual(
    expect.arrayContaining(['spec.subsets[0].name: Required value']),
  )
})

test('a list that is too long says how long it is and may be', () => {
  const hosts = Array.from({ length: 600 }, (_item, i) => `h${i}`).join(', ')
  const content = `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a, namespace: d}\nspec: {hosts: [${hosts}]}`
  const messages = loadResources([{ name: 'a.yaml', content }]).diagnostics.map(d => d.message)
  expect(messages).toContain('spec.hosts: Too many: 600: must have at most 256 items')
})
