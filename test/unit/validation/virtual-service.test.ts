import { expect, test } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'
import { validateAll } from '../../../simulator/validation/index.ts'

const said = (spec: string): string[] => {
  const content = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: d}\nspec:\n${spec}`
  return validateAll(loadResources([{ name: 'a.yaml', content }]).resources).map(({ message }) => message)
}
const route = '{destination: {host: a}}'

test('matches are the same however their empty fields are written', () => {
  expect(
    said(`  hosts: [a]
  http:
  - {match: [{uri: {exact: /a}}], route: [${route}]}
  - {match: [{uri: {exact: /a}, headers: {}, gateways: [], port: 0}, {uri: {}}], route: [${route}]}`),
  ).toEqual(['VirtualService rule #1 match #0 is not used (duplicate/overlapping match in rule #0).'])
})

test('the old form of a gateway name is told where istiod tells it: at the top and in TLS matches', () => {
  const legacy = 'using legacy gatewayName format "gw.d"; prefer the <namespace>/<name> format: "d/gw"'
  expect(said(`  hosts: [a]\n  gateways: [gw.d]\n  http: [{route: [${route}]}]`)).toEqual([legacy])
  expect(said(`  hosts: [a]\n  http: [{match: [{gateways: [gw.d]}], route: [${route}]}]`)).toEqual([])
  expect(said(`  hosts: [a]\n  tcp: [{match: [{gateways: [gw.d]}], route: [${route}]}]`)).toEqual([])
  expect(said(`  hosts: [a]\n  tls: [{match: [{sniHosts: [a], gateways: [gw.d]}], route: [${route}]}]`)).toEqual([
    legacy,
  ])
})

test('a fault without an error type passes without a word', () => {
  expect(said(`  hosts: [a]\n  http: [{fault: {abort: {percentage: {value: 5}}}, route: [${route}]}]`)).toEqual([])
})
