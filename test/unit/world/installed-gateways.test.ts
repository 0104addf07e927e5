import { expect, test } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'
import { expandWorkloads } from '../../../simulator/world/expand.ts'

const GATEWAY = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: default}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
`
const operator = (spec: string): string =>
  `apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: o, namespace: istio-system}\nspec: ${spec}\n`

const made = (...documents: string[]) => {
  const { resources } = loadResources([{ name: 'a.yaml', content: documents.join('---\n') }])
  const { workloads, added } = expandWorkloads(resources, { injectByDefault: true })
  return {
    pods: workloads.map(w => `${w.name}.${w.namespace}`),
    services: added.map(r => `${r.metadata.name}: ${(r.spec as { type: string }).type}`),
  }
}

test('without an IstioOperator the ingress gateway comes when a Gateway asks for it', () => {
  expect(made(GATEWAY).pods).toEqual(['istio-ingressgateway.istio-system'])
  expect(made('').pods).toEqual([])
})

test('profiles decide which gateways are there', () => {
  expect(made(operator('{}'), GATEWAY).pods).toEqual(['istio-ingressgateway.istio-system'])
  expect(made(operator('{profile: minimal}'), GATEWAY).pods).toEqual([])
  expect(made(operator('{profile: demo}'))).toEqual({
    pods: ['istio-ingressgateway.istio-system', 'istio-egressgateway.istio-system'],
    services: ['istio-ingressgateway: LoadBalancer', 'istio-egressgateway: ClusterIP'],
  })
})

test('components are merged over the profile by name', () => {
  const spec = `
  profile: default
  components:
    ingressGateways:
    - {name: istio-ingressgateway, enabled: false}
    - {name: edge, namespace: edge, enabled: true, label: {istio: edge}}
    egressGateways: [{name: istio-egressgateway, enabled: true}]`
  expect(made(operator(spec)).pods).toEqual(['edge.edge', 'istio-egressgateway.istio-system'])
})

test('a gateway of the documents takes the place of the installed one', () => {
  const own = `apiVersion: v1
kind: Pod
metadata: {name: mine, namespace: istio-system, labels: {istio: ingressgateway}, annotations: {inject.istio.io/templates: gateway}}
spec: {containers: [{name: istio-proxy, image: auto}]}
`
  expect(made(operator('{}'), own, GATEWAY).pods).toEqual(['mine.istio-system'])
})
