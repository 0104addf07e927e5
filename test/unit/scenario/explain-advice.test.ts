import { expect, test } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'
import { adviceFor } from '../../../simulator/scenario/explain-advice.ts'

const service = (name: string, type: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: d}\nspec: {type: ${type}, ports: [{port: 80}, {port: 443}]}\n`
const resources = (...documents: string[]) =>
  loadResources([{ name: 'a.yaml', content: documents.join('---\n') }]).resources
const ask = { from: 'curl.d', url: 'http://revews/', via: undefined, failure: 'unreachable' }

test('a misspelt host has a nearest name', () => {
  expect(adviceFor(ask, resources(service('reviews', 'ClusterIP')))).toBe(
    'curl.d finds no address for revews: did you mean reviews?',
  )
  expect(adviceFor({ ...ask, url: 'http://api.example.com' }, [])).toContain('add a Service or a ServiceEntry')
})

test('from the internet the way leads through a gateway', () => {
  const outside = { ...ask, from: 'internet', url: 'http://shop.example.com/' }
  expect(adviceFor(outside, resources(service('gw', 'LoadBalancer'), service('a', 'ClusterIP')))).toBe(
    'no address outside the mesh belongs to shop.example.com; send it to a gateway: --via gw.d',
  )
  expect(adviceFor(outside, [])).toContain('no Service is of type LoadBalancer')
})

test('a refused connection names the ports that there are', () => {
  const refused = { ...ask, url: 'http://gw.d:9999/', failure: 'refused' }
  expect(adviceFor(refused, resources(service('gw', 'ClusterIP')))).toBe(
    'nothing listens on port 9999 of gw.d; its Service has the ports 80, 443',
  )
  expect(adviceFor({ ...refused, failure: 'timeout' }, [])).toBe('')
})
