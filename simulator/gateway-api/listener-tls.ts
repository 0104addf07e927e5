// TLS of a listener: certificates that exist and may be named (istio: pilot/pkg/config/kube/gateway buildTLS).
import { secretEntry } from '../resources/certificate.ts'
import { filterCipherSuites } from '../resources/cipher-suites.ts'
import type { Resource } from '../resources/types.ts'
import { granted } from './grants.ts'
import { type Fields, fields, list, type Objects, type Problem, text } from './types.ts'

const TERMINATE_MODE = 'gateway.istio.io/tls-terminate-mode'
const CIPHER_SUITES = 'gateway.istio.io/tls-cipher-suites'
const LISTENER_MODE = 'gateway.istio.io/listener-protocol'
const MESH_PORT = '15443'

export interface ListenerTls {
  /** Of the Istio Gateway's server; null without a TLS section. */
  settings: Fields | null
  problem: Problem | null
}

/** A listener for other networks of the mesh: TLS is passed on to the cluster that the SNI names. */
function autoPassthrough(owner: Resource, listener: Fields, tls: Fields): boolean {
  if (fields(tls['options'])[LISTENER_MODE] === 'auto-passthrough') return true
  const { labels } = owner.metadata
  if (labels['topology.istio.io/network'] === undefined) return false
  return String(listener['port']) === (labels['networking.istio.io/gatewayPort'] ?? MESH_PORT)
}

export function listenerTls(owner: Resource, gateway: Fields, listener: Fields, objects: Objects): ListenerTls {
  if (typeof listener['tls'] !== 'object' || listener['tls'] === null) return { settings: null, problem: null }
  const tls = fields(listener['tls'])
  const options = fields(tls['options'])
  if (text(tls['mode'], 'Terminate') !== 'Terminate') {
    const mode = autoPassthrough(owner, listener, tls) ? 'AUTO_PASSTHROUGH' : 'PASSTHROUGH'
    return { settings: { mode, ...cipherSuites(options) }, problem: null }
  }
  const terminate = text(options[TERMINATE_MODE])
  if (terminate === 'ISTIO_MUTUAL') return { settings: { mode: 'ISTIO_MUTUAL' }, problem: null }
  if (terminate === 'ISTIO_SIMPLE') {
    return { settings: { mode: 'SIMPLE', credentialName: 'builtin://' }, problem: null }
  }
  const mode = terminate === 'MUTUAL' || terminate === 'OPTIONAL_MUTUAL' ? terminate : 'SIMPLE'
  const { names, problem } = certificates(owner, list(tls['certificateRefs']).map(fields), objects)
  if (problem !== null && names.length === 0) return { settings: { mode }, problem }
  const settings: Fields = { mode, ...(names.length > 1 ? { credentialNames: names } : { credentialName: names[0] }) }
  const client = clientValidation(owner, gateway, Number(listener['port']), objects)
  if (client.problem !== null) return { settings, problem: client.problem }
  if (client.settings !== null) {
    Object.assign(settings, client.settings)
    if (terminate === 'MUTUAL' || terminate === 'OPTIONAL_MUTUAL') {
      Object.assign(settings, { mode: terminate, insecureSkipVerify: false })
    }
  }
  return { settings: { ...settings, ...cipherSuites(options) }, problem: null }
}

function cipherSuites(options: Fields): Fields {
  const written = text(options[CIPHER_SUITES])
  const suites = written === '' ? [] : filterCipherSuites(written.split(',').map(suite => suite.trim()))
  return suites.length === 0 ? {} : { cipherSuites: suites }
}

const joined = (left: Problem | null, right: Problem): Problem =>
  left === null ? right : { reason: left.reason, message: `${left.message}; ${right.message}` }

function certificates(
  owner: Resource,
  references: readonly Fields[],
  objects: Objects,
): { names: string[]; problem: Problem | null } {
  if (references.length > 2) {
    const message = 'TLS mode can only support up to 2 server certificates'
    return { names: [], problem: { reason: 'InvalidCertificateRef', message } }
  }
  const own = owner.metadata.namespace
  const names: string[] = []
  let problem: Problem | null = null
  for (const reference of references) {
    const name = text(reference['name'])
    const namespace = text(reference['namespace'], own)
    if (!granted(objects.all, owner.kind, own, 'Secret', namespace, name)) {
      const where = `not accessible to a Gateway in namespace "${own}" (missing a ReferenceGrant?)`
      problem = joined(problem, { reason: 'RefNotPermitted', message: `certificateRef ${name}/${namespace} ${where}` })
      continue
    }
    const why = secretProblem(reference, namespace, objects)
    if (why === null) names.push(`kubernetes-gateway://${namespace}/${name}`)
    else {
      const message = `invalid certificate reference ${referenceText(reference)}, ${why}`
      problem = joined(problem, { reason: 'InvalidCertificateRef', message })
    }
  }
  return { names, problem }
}

const referenceText = (reference: Fields): string =>
  `${text(reference['group'])}/${text(reference['kind'], 'Secret')}/${text(reference['name'])}.${text(reference['namespace'])}`

/** Null, or why the reference leads to no key pair. */
export function secretProblem(reference: Fields, namespace: string, objects: Objects): string | null {
  if (text(reference['kind'], 'Secret') !== 'Secret' || text(reference['group']) !== '') return 'only secret is allowed'
  const name = text(reference['name'])
  const secret = objects.find('Secret', namespace, name)
  if (secret === undefined) return `secret ${namespace}/${name} not found`
  const entry = (key: string): string => secretEntry(secret.spec, key)
  const [certificate, key] = [entry('tls.crt') || entry('cert'), entry('tls.key') || entry('key')]
  if (certificate === '' || key === '')
    return "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key)"
  const pem = /-----BEGIN /.test(certificate) && /-----BEGIN /.test(key)
  return pem ? null : 'the certificate is malformed: tls: failed to find any PEM data in certificate input'
}

/** Validation of clients' certificates that the Gateway asks for on this port. */
function clientValidation(owner: Resource, gateway: Fields, port: number, objects: Objects): ListenerTls {
  const frontend = fields(fields(gateway['tls'])['frontend'])
  const perPort = list(frontend['perPort'])
    .map(fields)
    .find(entry => entry['port'] === port)
  const validation = fields(fields(perPort === undefined ? frontend['default'] : perPort['tls'])['validation'])
  const references = list(validation['caCertificateRefs']).map(fields)
  const [reference] = references
  if (reference === undefined) return { settings: null, problem: null }
  const refused = (reason: string, message: string): ListenerTls => ({ settings: null, problem: { reason, message } })
  if (references.length > 1) return refused('InvalidCACertificateRef', 'only one caCertificateRef is supported')
  const own = owner.metadata.namespace
  const [kind, name] = [text(reference['kind']), text(reference['name'])]
  const namespace = text(reference['namespace'], own)
  if (!granted(objects.all, owner.kind, own, kind, namespace, name)) {
    const where = `not accessible to a Gateway in namespace "${own}" (missing a ReferenceGrant?)`
    return refused('RefNotPermitted', `caCertificateRef ${namespace}/${name} ${where}`)
  }
  const what = `invalid CA certificate reference ${referenceText(reference)}`
  if (kind !== 'Secret' && kind !== 'ConfigMap') {
    return refused('InvalidCACertificateKind', `${what}, only secret and configmap are allowed`)
  }
  if (objects.find(kind, namespace, name) === undefined) {
    return refused('InvalidCACertificateRef', `${what}, ${kind.toLowerCase()} ${namespace}/${name} not found`)
  }
  const insecure = validation['mode'] === 'AllowInsecureFallback'
  const scheme = kind === 'Secret' ? 'kubernetes-gateway' : 'configmap'
  return {
    settings: {
      mode: insecure ? 'OPTIONAL_MUTUAL' : 'MUTUAL',
      insecureSkipVerify: insecure,
      caCertCredentialName: `${scheme}://${namespace}/${name}-cacert`,
    },
    problem: null,
  }
}
