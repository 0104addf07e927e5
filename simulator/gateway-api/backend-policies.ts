// BackendTLSPolicy and XBackendTrafficPolicy: one DestinationRule for each backend and host
// (istio: pilot/pkg/config/kube/gateway/backend_policies.go).
import { compareText } from '../resources/compare.ts'
import type { Resource } from '../resources/types.ts'
import {
  type Condition,
  condition,
  type Fields,
  fields,
  foreignEntries,
  list,
  type ObjectStatus,
  type Objects,
  type Problem,
  text,
} from './types.ts'

/** A backend that a gateway's route sends to. */
export interface AncestorBackend {
  gateway: Resource
  /** `Kind/namespace/name`. */
  target: string
}

interface BackendPolicy {
  source: Resource
  target: Resource
  host: string
  /** Port of the target by name; '' for all. */
  section: string
  tls: Fields | null
  loadBalancer: Fields | null
  retryBudget: Fields | null
}

const IGNORE = 'istio.io/ignore-policy-attachment'
const VALID = 'Configuration is valid'

const byAge = (a: Resource, b: Resource): number => {
  const name = ({ metadata }: Resource): string => `${metadata.namespace}/${metadata.name}`
  const age = (a.metadata.creationTimestamp ?? 0) - (b.metadata.creationTimestamp ?? 0)
  return age || compareText(name(a), name(b))
}

const ignored = ({ metadata }: Resource): boolean => metadata.annotations[IGNORE]?.toLowerCase() === 'true'
const targetsOf = ({ spec }: Resource): Fields[] => list(fields(spec)['targetRefs']).map(fields)

export interface BackendPolicies {
  resources: Resource[]
  statuses: ObjectStatus[]
}

export function convertBackendPolicies(
  objects: Objects,
  ancestors: readonly AncestorBackend[],
  domain: string,
  uidOf: (resource: Resource) => string,
): BackendPolicies {
  const policies: BackendPolicy[] = []
  const statuses: ObjectStatus[] = []
  const tls = objects.all.filter(r => r.kind === 'BackendTLSPolicy').sort(byAge)
  const traffic = objects.all.filter(r => r.kind === 'XBackendTrafficPolicy').sort(byAge)
  for (const policy of [...traffic, ...tls]) {
    if (ignored(policy)) statuses.push(ignoredStatus(policy))
    else if (policy.kind === 'BackendTLSPolicy') {
      const rivals = tls.filter(other => !ignored(other) && (other === policy || uidOf(other) !== uidOf(policy)))
      statuses.push(tlsPolicy(policy, rivals, objects, ancestors, domain, policies))
    } else statuses.push(trafficPolicy(policy, objects, domain, policies))
  }
  return { resources: destinationRules(policies.sort((a, b) => byAge(a.source, b.source))), statuses }
}

function status(policy: Resource, own: ObjectStatus['parents']): ObjectStatus {
  const { kind, metadata } = policy
  const parents = [...foreignEntries(policy, 'ancestors', 'ancestorRef'), ...own]
  return { kind, namespace: metadata.namespace, name: metadata.name, conditions: [], listeners: [], parents }
}

function reference({ group, kind, name, sectionName }: Fields): Fields {
  return { group: text(group), kind, name, ...(sectionName === undefined ? {} : { sectionName }) }
}

function ignoredStatus(policy: Resource): ObjectStatus {
  const message = `Ignored by Istio due to annotation ${IGNORE}=true`
  const conditions = [condition('Accepted', '', '', { reason: 'IgnoredByIstio', message })]
  return status(
    policy,
    targetsOf(policy).map(target => ({ parentRef: reference(target), conditions })),
  )
}

interface Target {
  object: Resource
  hosts: string[]
}

/** The Service or ServiceEntry that a policy names, or why it is none. */
function findTarget(policy: Resource, target: Fields, objects: Objects, domain: string): Target | string {
  const { namespace } = policy.metadata
  const [kind, name, section] = [text(target['kind']), text(target['name']), text(target['sectionName'])]
  if (kind !== 'Service' && kind !== 'ServiceEntry') return `unsupported kind ${kind}`
  const object = objects.find(kind, namespace, name)
  if (object === undefined) return `reference ${namespace}/${name} (of kind ${kind}) not found`
  const ports = list(fields(object.spec)['ports']).map(port => fields(port)['name'])
  if (section !== '' && !ports.includes(section)) {
    return `sectionName "${section}" does not exist in ${kind} ${namespace}/${name}`
  }
  const hosts =
    kind === 'Service'
      ? [`${name}.${namespace}.svc.${domain}`]
      : list(fields(object.spec)['hosts']).map(host => text(host))
  return { object, hosts }
}

const notFound = (why: string): Problem => ({ reason: 'TargetNotFound', message: `targetRefs invalid: ${why}` })

function trafficPolicy(policy: Resource, objects: Objects, domain: string, out: BackendPolicy[]): ObjectStatus {
  const spec = fields(policy.spec)
  const unsupported = ', but Istio does not support the following fields: sessionPersistence'
  const message = `${VALID}${spec['sessionPersistence'] === undefined ? '' : unsupported}`
  const parents = targetsOf(policy).map(target => {
    const found = findTarget(policy, target, objects, domain)
    const bad =
      typeof found === 'string' ? found : found.object.kind === 'Service' ? null : 'unsupported reference kind'
    if (bad === null && typeof found !== 'string') {
      for (const host of found.hosts) {
        const common = { source: policy, target: found.object, host, section: '', tls: null }
        out.push({ ...common, loadBalancer: {}, retryBudget: retryBudget(spec) })
      }
    }
    const problem = bad === null ? null : notFound(bad)
    return { parentRef: reference(target), conditions: [condition('Accepted', 'Accepted', message, problem)] }
  })
  return status(policy, parents)
}

function retryBudget(spec: Fields): Fields | null {
  if (spec['retryConstraint'] === undefined) return null
  const { budget, minRetryRate } = fields(spec['retryConstraint'])
  const { percent, interval } = fields(budget)
  return {
    ...(percent === undefined ? {} : { percent }),
    budgetInterval: text(interval, '10s'),
    minRetryConcurrency: minRetryRate === undefined ? 10 : fields(minRetryRate)['count'],
  }
}

/** The credential for verifying a backend, and what is wrong with the reference to it. */
function authority(policy: Resource, objects: Objects): { name: string; resolved: Problem | null; why: string | null } {
  const validation = fields(fields(policy.spec)['validation'])
  const [given] = list(validation['caCertificateRefs']).map(fields)
  if (validation['wellKnownCACertificates'] !== undefined || given === undefined) {
    return { name: '', resolved: null, why: null }
  }
  const { namespace } = policy.metadata
  const [kind, name] = [text(given['kind']), text(given['name'])]
  const bad = (reason: string, prefix: string, why: string) => ({
    name: 'invalid://',
    resolved: { reason, message: `${prefix}: ${why}` },
    why,
  })
  if (kind !== 'ConfigMap' && kind !== 'Secret') {
    return bad('InvalidKind', 'Certificate reference not supported', `unsupported kind ${kind}`)
  }
  const object = objects.find(kind, namespace, name)
  if (object === undefined) {
    const why = `reference ${namespace}/${name} (of kind ${kind}) not found`
    return bad('InvalidCACertificateRef', 'Certificate reference not found', why)
  }
  if (kind === 'Secret')
    return bad('InvalidKind', 'Certificate reference invalid', `unsupported reference kind: ${kind}`)
  const keys = Object.keys(fields(fields(object.spec)['data']))
  if (keys.includes('ca.crt') || keys.includes('cacert')) {
    return { name: `configmap://${namespace}/${name}`, resolved: null, why: null }
  }
  const why = `found secret, but didn't have expected keys cacert or ca.crt; found: ${keys.join(', ')}`
  return bad('InvalidCACertificateRef', 'Certificate invalid', why)
}

/**
 * The older policy for the same backend and port, or null. istiod knows a policy from another by the uid that the API
 * server gave it, so policies without a uid have no rivals.
 */
function rivalOf(policy: Resource, target: Fields, policies: readonly Resource[]): string | null {
  const same = (other: Fields): boolean =>
    text(other['kind']) === text(target['kind']) &&
    other['name'] === target['name'] &&
    text(other['sectionName']) === text(target['sectionName'])
  const [first] = policies.filter(
    other => other.metadata.namespace === policy.metadata.namespace && targetsOf(other).some(same),
  )
  return first === undefined || first === policy ? null : first.metadata.name
}

function clientTls(policy: Resource, credential: string): Fields {
  const validation = fields(fields(policy.spec)['validation'])
  const names = list(validation['subjectAltNames'])
    .map(fields)
    .map(({ type, hostname, uri }) => text(type === 'URI' ? uri : hostname))
  return {
    mode: 'SIMPLE',
    sni: text(validation['hostname']),
    ...(names.length === 0 ? {} : { subjectAltNames: names }),
    ...(credential === '' ? {} : { credentialName: credential }),
  }
}

function tlsPolicy(
  policy: Resource,
  rivals: readonly Resource[],
  objects: Objects,
  ancestors: readonly AncestorBackend[],
  domain: string,
  out: BackendPolicy[],
): ObjectStatus {
  const credential = authority(policy, objects)
  const tls = clientTls(policy, credential.name)
  const gateways = new Map<string, Resource>()
  const noAuthority =
    credential.why === null
      ? null
      : { reason: 'NoValidCACertificate', message: `Certificate reference invalid: ${credential.why}` }
  let last: Condition[] = []
  const parents = targetsOf(policy).map(target => {
    const found = findTarget(policy, target, objects, domain)
    let problem: Problem | null = noAuthority
    if (typeof found === 'string') problem = notFound(found)
    else {
      const rival = rivalOf(policy, target, rivals)
      const message = `Conflicts with BackendTLSPolicy "${rival ?? ''}" targeting the same backend`
      if (rival !== null) problem = { reason: 'Conflicted', message }
      else {
        const common = { source: policy, target: found.object, tls }
        const section = text(target['sectionName'])
        for (const host of found.hosts) out.push({ ...common, host, section, loadBalancer: null, retryBudget: null })
      }
      const { kind, metadata } = found.object
      const key = `${kind}/${metadata.namespace}/${metadata.name}`
      for (const { gateway, target: used } of ancestors) {
        if (used === key) gateways.set(`${gateway.metadata.namespace}/${gateway.metadata.name}`, gateway)
      }
    }
    last = [
      condition('Accepted', 'Accepted', VALID, problem),
      condition('ResolvedRefs', 'ResolvedRefs', VALID, credential.resolved),
    ]
    return { parentRef: reference(target), conditions: last }
  })
  const sorted = [...gateways].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [, { metadata }] of sorted) {
    const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: metadata.name }
    parents.push({ parentRef, conditions: last })
  }
  return status(policy, parents)
}

/** The first policy that says something counts; policies of ports stand beside that of all ports. */
function merged(policies: readonly BackendPolicy[]): Fields {
  const out: Fields = {}
  const ports = new Map<string, Fields>()
  for (const { tls, section, loadBalancer, retryBudget: budget, target } of policies) {
    if (tls !== null && section === '') out['tls'] ??= tls
    if (tls !== null && section !== '' && !ports.has(section)) {
      const port = list(fields(target.spec)['ports'])
        .map(fields)
        .find(item => item['name'] === section)
      const number = fields(port)['port'] ?? fields(port)['number']
      ports.set(section, { port: { number }, tls })
    }
    if (loadBalancer !== null) out['loadBalancer'] ??= loadBalancer
    if (budget !== null) out['retryBudget'] ??= budget
  }
  const levels = [...ports.values()].sort(
    (a, b) => Number(fields(a['port'])['number']) - Number(fields(b['port'])['number']),
  )
  return levels.length === 0 ? out : { ...out, portLevelSettings: levels }
}

function destinationRules(policies: readonly BackendPolicy[]): Resource[] {
  const byTarget = new Map<string, BackendPolicy[]>()
  for (const policy of policies) {
    const key = `${policy.target.kind}/${policy.target.metadata.namespace}/${policy.target.metadata.name}/${policy.host}`
    byTarget.set(key, [...(byTarget.get(key) ?? []), policy])
  }
  return [...byTarget.values()].flatMap(list_ => {
    const [first] = list_
    if (first === undefined) return []
    const { source, target, host } = first
    const { namespace, name } = target.metadata
    const parents = new Set(list_.map(({ source: s }) => `${s.kind}/${s.metadata.namespace}.${s.metadata.name}`))
    return [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: {
          ...source.metadata,
          name: `${name}${target.kind === 'ServiceEntry' ? `~${host.replaceAll('.', '-')}` : ''}~istio-autogenerated-k8s-gateway`,
          namespace,
          labels: {},
          annotations: { 'internal.istio.io/parents': [...parents].join(',') },
          creationTimestamp: 0,
        },
        spec: { host, trafficPolicy: merged(list_) },
        status: null,
        locate: path => source.locate(path),
      } satisfies Resource,
    ]
  })
}
