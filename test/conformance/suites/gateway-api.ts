// Suite `gateway-api`: objects of the Gateway API (and Ingresses) as Istio's, and their statuses.
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { parseDocuments } from '../../../simulator/documents/index.ts'
import { convertGatewayApi, convertIngress, type ObjectStatus } from '../../../simulator/gateway-api/index.ts'
import { canonicalText } from '../../../simulator/resources/canonical-text.ts'
import { type Fields, fields, isObject, list } from '../../../simulator/resources/fields.ts'
import { loadResources, type Resource } from '../../../simulator/resources/index.ts'
import type { SuiteRunner } from '../types.ts'

type Report = Parameters<SuiteRunner>[1]

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The API server fills this in where a rule has no match; these inputs went past it. */
const EVERY_PATH = '[{"uri":{"prefix":"/"}}]'

/** Names that istiod generated, and what means the same whether said or not. */
function bare(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map(item => bare(item, key))
  if (!isObject(value)) return value
  const entries = Object.entries(value)
    .filter(([name, item]) => !(name === 'mode' && item === 'PASSTHROUGH'))
    .filter(([name, item]) => !(name === 'match' && canonicalText(item) === EVERY_PATH))
    .filter(([name, item]) => !(name === 'name' && (key === 'port' || key === 'http') && typeof item === 'string'))
    .filter(([, item]) => item !== undefined && item !== null && item !== false && item !== 0 && item !== '')
  return Object.fromEntries(entries.map(([name, item]) => [name, bare(item, name)]))
}

const line = (kind: string, namespace: string, spec: unknown): string =>
  `${kind} ${namespace} ${canonicalText(bare(spec))}`

const conditionsText = (conditions: readonly unknown[]): string =>
  conditions
    .map(fields)
    .map(item => `${text(item['type'])}=${text(item['status'])}/${text(item['reason'])}`)
    .sort((left, right) => (left < right ? -1 : 1))
    .join(' ')

/** One line for each group of conditions: the object's, its listeners', its parents'. */
function statusLines(kind: string, namespace: string, name: string, status: Fields): string[] {
  const at = `${kind} ${namespace}/${name}`
  const parents = [...list(status['parents']), ...list(status['ancestors'])].map(fields).map(parent => {
    const reference = parent['parentRef'] ?? parent['ancestorRef']
    return `${at} parent ${canonicalText(reference)}: ${conditionsText(list(parent['conditions']))}`
  })
  const listeners = list(status['listeners'])
    .map(fields)
    .map(item => `${at} listener ${text(item['name'])}: ${conditionsText(list(item['conditions']))}`)
  return [`${at}: ${conditionsText(list(status['conditions']))}`, ...listeners, ...parents]
}

const expectedDocuments = async (path: string): Promise<Fields[]> =>
  existsSync(path)
    ? parseDocuments(path, await readFile(path, 'utf8'))
        .documents.map(d => d.value)
        .filter(isObject)
    : []

function compare(id: string, expected: readonly string[], got: readonly string[], report: Report): void {
  const rest = [...got]
  const missing = expected.filter(item => {
    const at = rest.indexOf(item)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  const shown = (lines: readonly string[]): string => lines.join(' | ') || '(nothing more)'
  report({ id, passed: missing.length === 0 && rest.length === 0, expected: shown(missing), got: shown(rest) })
}

/** Services that every case knows, as objects; and a namespace for each that the case names. */
function surroundings(services: unknown, namespaces: readonly unknown[]): Resource[] {
  const documents = list(fields(services)['services'])
    .map(fields)
    .map(({ name, namespace, ports }) => {
      const listed = list(ports).map(port => ({ ...fields(port), protocol: 'TCP' }))
      return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports: listed } }
    })
  const own = namespaces.map(name => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'istio.io/test-name-part': text(name).split('-')[0] ?? '' } },
  }))
  const content = [...documents, ...own].map(document => JSON.stringify(document)).join('\n---\n')
  return loadResources([{ name: 'surroundings.yaml', content }]).resources
}

async function gatewayCase(base: string, item: Fields, index: Fields, common: readonly Resource[], report: Report) {
  const input = join(base, text(item['input']))
  const given = loadResources([{ name: 'input.yaml', content: await readFile(input, 'utf8') }]).resources
  const services = upwards(base, 'services.json')
  const known = existsSync(services) ? JSON.parse(await readFile(services, 'utf8')) : {}
  const resources = [...common, ...surroundings(known, list(item['namespaces'])), ...given]
  const own = new Set(given.map(r => `${r.kind} ${r.metadata.namespace}/${r.metadata.name}`))
  // the suite's objects never saw an API server: most have no uid
  const converted = convertGatewayApi(resources, text(index['domainSuffix']), ({ metadata }) => metadata.uid ?? '')
  const documents = await expectedDocuments(join(base, text(item['expectedResources'])))
  const statuses = await expectedDocuments(join(base, text(item['expectedStatus'])))
  const expected = [
    ...documents.map(d => line(text(d['kind']), text(fields(d['metadata'])['namespace']), d['spec'])),
    ...statuses.flatMap(d => {
      const { name, namespace } = fields(d['metadata'])
      return statusLines(text(d['kind']), text(namespace), text(name), fields(d['status']))
    }),
  ]
  const mine = (status: ObjectStatus): boolean => own.has(`${status.kind} ${status.namespace}/${status.name}`)
  const got = [
    ...converted.resources.map(r => line(r.kind, r.metadata.namespace, r.spec)),
    ...converted.statuses
      .filter(mine)
      .flatMap(status => statusLines(status.kind, status.namespace, status.name, { ...status })),
  ]
  compare(text(item['id']), expected, got, report)
}

async function ingressCase(base: string, item: Fields, index: Fields, report: Report): Promise<void> {
  const content = await readFile(join(base, text(item['input'])), 'utf8')
  const { resources } = loadResources([{ name: 'input.yaml', content }])
  const settings = {
    domain: text(index['domainSuffix']),
    ingressClass: 'istio',
    mode: 'DEFAULT',
    selector: 'ingressgateway',
    gatewayNamespace: 'istio-system',
  }
  const documents = await expectedDocuments(join(base, text(item['expectedResources'])))
  const expected = documents.map(d => line(text(d['kind']), text(fields(d['metadata'])['namespace']), d['spec']))
  const got = convertIngress(resources, settings).map(r => line(r.kind, r.metadata.namespace, r.spec))
  compare(text(item['id']), expected, got, report)
}

/** A file of the suite in this folder or above it: one area may be run by itself. */
function upwards(dir: string, name: string): string {
  let at = dir
  for (let i = 0; i < 4; i++) {
    const path = join(at, name)
    if (existsSync(path)) return path
    at = dirname(at)
  }
  return join(dir, name)
}

/** Cases of a folder without an index: each folder with an input; Ingresses have no statuses. */
function unlisted(dir: string, inputs: readonly string[]): { gateway: Fields[]; ingress: Fields[] } {
  const all = inputs.map(path => {
    const folder = dirname(path)
    const id = relative(dir, folder) || basename(folder)
    const file = (name: string): string => relative(dir, join(folder, name))
    const namespaces = [...new Set([...readFileSync(path, 'utf8').matchAll(/namespace: "?([\w-]+)/g)].map(m => m[1]))]
    return {
      id,
      input: file('input.yaml'),
      expectedResources: file('expected-resources.yaml'),
      expectedStatus: file('expected-status.yaml'),
      namespaces: ['default', ...namespaces.filter(name => name !== 'default')],
    }
  })
  const listed = (item: (typeof all)[number]): boolean => existsSync(join(dir, item.expectedStatus))
  return { gateway: all.filter(listed), ingress: all.filter(item => !listed(item)) }
}

async function commonResources(dir: string): Promise<Resource[]> {
  const path = upwards(dir, 'common.yaml')
  if (!existsSync(path)) return []
  return loadResources([{ name: 'common.yaml', content: await readFile(path, 'utf8') }]).resources
}

export const run: SuiteRunner = async (dir, report) => {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const indexes = files.filter(path => ['index.json', 'ingress.json'].includes(basename(path)))
  for (const path of indexes.sort((a, b) => (a < b ? -1 : 1))) {
    const index = fields(JSON.parse(await readFile(path, 'utf8')))
    const base = dirname(path)
    const common = await commonResources(base)
    for (const item of list(index['cases']).map(fields)) {
      if (basename(path) === 'ingress.json') await ingressCase(base, item, index, report)
      else await gatewayCase(base, item, index, common, report)
    }
  }
  if (indexes.length > 0) return
  const inputs = files.filter(path => basename(path) === 'input.yaml').sort((a, b) => (a < b ? -1 : 1))
  const { gateway, ingress } = unlisted(dir, inputs)
  const common = await commonResources(dir)
  for (const item of gateway) await gatewayCase(dir, item, { domainSuffix: 'domain.suffix' }, common, report)
  for (const item of ingress) await ingressCase(dir, item, { domainSuffix: 'mydomain' }, report)
}
