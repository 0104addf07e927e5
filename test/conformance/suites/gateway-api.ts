// Suite `gateway-api`: objects of the Gateway API (and Ingresses) as Istio's, and their statuses.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseDocuments } from '../../../simulator/documents/index.ts'
import { convertGatewayApi, convertIngress, type ObjectStatus, Objects } from '../../../simulator/gateway-api/index.ts'
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
  const services = join(base, 'services.json')
  const known = existsSync(services) ? JSON.parse(await readFile(services, 'utf8')) : {}
  const resources = [...common, ...surroundings(known, list(item['namespaces'])), ...given]
  const own = new Set(given.map(r => `${r.kind} ${r.metadata.namespace}/${r.metadata.name}`))
  const converted = convertGatewayApi(resources, text(index['domainSuffix']))
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
    rootNamespace: 'istio-system',
  }
  const documents = await expectedDocuments(join(base, text(item['expectedResources'])))
  const expected = documents.map(d => line(text(d['kind']), text(fields(d['metadata'])['namespace']), d['spec']))
  const got = convertIngress(new Objects(resources), settings).map(r => line(r.kind, r.metadata.namespace, r.spec))
  compare(text(item['id']), expected, got, report)
}

export const run: SuiteRunner = async (dir, report) => {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const indexes = entries.filter(
    entry => entry.isFile() && (entry.name === 'index.json' || entry.name === 'ingress.json'),
  )
  for (const entry of indexes.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(entry.parentPath, entry.name)
    const index = fields(JSON.parse(await readFile(path, 'utf8')))
    const base = dirname(path)
    const commonPath = join(base, 'common.yaml')
    const common = existsSync(commonPath)
      ? loadResources([{ name: 'common.yaml', content: await readFile(commonPath, 'utf8') }]).resources
      : []
    for (const item of list(index['cases']).map(fields)) {
      if (entry.name === 'ingress.json') await ingressCase(base, item, index, report)
      else await gatewayCase(base, item, index, common, report)
    }
  }
}
