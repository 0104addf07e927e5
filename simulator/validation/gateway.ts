// What istiod's webhook refuses of a Gateway: servers, their hosts and TLS (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import { isCipherSuite } from '../resources/cipher-suites.ts'
import type { ServerTLSSettings } from '../resources/common.ts'
import type { Loose } from '../resources/loose.ts'
import type { Gateway } from '../resources/networking/gateway.ts'
import { isHttp, isTls, parseProtocol } from '../resources/protocol.ts'
import { addressProblem, portProblem, report, UNIX, unixProblem } from './common.ts'
import { isDnsLabel, namespacedHostProblems } from './hosts.ts'
import type { Refusals } from './refusals.ts'

type Server = NonNullable<Loose<Gateway>['servers']>[number]

/** Made from a Gateway of the Gateway API, whose names are longer and whose listeners may admit routes of no namespace. */
const isGatewayApi = (out: Refusals): boolean =>
  out.resource.metadata.annotations['internal.istio.io/gateway-semantics'] === 'gateway'

export function validateGateway(spec: Loose<Gateway>, out: Refusals): void {
  const { name } = out.resource.metadata
  out.errorIf(!isDnsLabel(name) && !isGatewayApi(out), ['metadata', 'name'], `invalid gateway name: "${name}"`)
  const servers = spec.servers ?? []
  out.errorIf(servers.length === 0, ['spec'], 'gateway must have at least one server')
  const names = new Set<string>()
  for (const [i, server] of servers.entries()) {
    const path: Path = ['spec', 'servers', i]
    validateServer(server, path, out)
    const { port, tls } = server
    if (port === undefined) continue
    const portName = port.name ?? ''
    out.errorIf(names.has(portName), path, `port names in servers must be unique: duplicate name ${portName}`)
    names.add(portName)
    if (tls?.httpsRedirect === true && !isHttp(parseProtocol(port.protocol ?? ''))) {
      out.warn(path, 'tls.httpsRedirect should only be used with http servers')
    }
  }
}

const SUPPORTED = 'HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP'

/** What is wrong with a server's port. */
export function serverPortProblems(port: Server['port'], bind: string): string[] {
  if (port === undefined) return ['port is required']
  const { name = '', number = 0, protocol = '', targetPort = 0 } = port
  const found: string[] = []
  if (parseProtocol(protocol) === 'Unsupported') {
    found.push(`invalid protocol "${protocol}", supported protocols are ${SUPPORTED}`)
  }
  const range = number > 0 || !bind.startsWith(UNIX) ? portProblem(number) : null
  if (range !== null) found.push(range)
  if (targetPort > 0) found.push('targetPort has no impact on Gateways')
  if (name === '') found.push(`port name must be set: number:${number} protocol:"${protocol}"`)
  return found
}

function validateServer(server: Server, path: Path, out: Refusals): void {
  const { hosts = [], port, tls, bind = '' } = server
  out.errorIf(hosts.length === 0, path, 'server config must contain at least one host')
  for (const host of hosts)
    report(out, [...path, 'hosts'], ...namespacedHostProblems(host, isGatewayApi(out) ? 'gateway-api' : 'gateway'))
  const problems = serverPortProblems(port, bind)
  report(out, [...path, 'port'], ...problems)
  if (bind.startsWith(UNIX)) {
    report(out, path, unixProblem(bind.slice(UNIX.length)))
    out.errorIf((port?.number ?? 0) !== 0, path, 'port number must be 0 for unix domain socket')
  } else if (bind !== '') report(out, path, addressProblem(bind))
  if (tls !== undefined) serverTls(tls, [...path, 'tls'], out)
  if (problems.length > 0) return
  const protocol = parseProtocol(port?.protocol ?? '')
  if (isTls(protocol)) {
    out.errorIf(tls === undefined, path, 'server must have TLS settings for HTTPS/TLS protocols')
  } else if (tls !== undefined && isHttp(protocol)) {
    const passThrough = ['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(tls.mode ?? 'PASSTHROUGH')
    const files = tls.caCertificates || tls.privateKey || tls.serverCertificate
    const message = 'server cannot have TLS settings for plain text HTTP ports'
    out.errorIf(!passThrough || Boolean(files), path, message)
  } else out.errorIf(tls !== undefined, path, 'server cannot have TLS settings for non HTTPS/TLS ports')
}

function cipherSuites(suites: readonly string[], path: Path, out: Refusals): void {
  const valid = suites.filter(isCipherSuite)
  const invalid = suites.filter(suite => !isCipherSuite(suite))
  if (invalid.length > 0) out.warn(path, `ignoring invalid cipher suites: [${invalid.join(' ')}]`)
  const twice = valid.filter((suite, i) => valid.indexOf(suite) !== i)
  if (twice.length > 0) out.warn(path, `ignoring duplicate cipher suites: [${twice.join(' ')}]`)
}

export function serverTls(tls: Loose<ServerTLSSettings>, path: Path, out: Refusals): void {
  const mode = tls.mode ?? 'PASSTHROUGH'
  const { tlsCertificates = [], cipherSuites: suites = [], credentialNames = [], credentialName } = tls
  if ((tls.minProtocolVersion === 'TLSV1_0' || tls.minProtocolVersion === 'TLSV1_1') && suites.length === 0) {
    const why = 'by default they no longer include compatible ciphers'
    out.warn(path, `TLS version below TLSV1_2 require setting compatible ciphers as ${why}.`)
  }
  cipherSuites(suites, [...path, 'cipherSuites'], out)
  if (mode === 'ISTIO_MUTUAL') {
    const given: [boolean, string][] = [
      [Boolean(tls.serverCertificate), 'server certificate'],
      [Boolean(tls.privateKey), 'private key'],
      [Boolean(tls.caCertificates), 'CA bundle'],
      [tlsCertificates.length > 0, 'tlsCertificates'],
      [Boolean(credentialName), 'credentialName'],
      [credentialNames.length > 0, 'credentialNames'],
    ]
    for (const [set, what] of given) out.errorIf(set, path, `ISTIO_MUTUAL TLS cannot have associated ${what}`)
    return
  }
  const secret = Boolean(credentialName) || credentialNames.length > 0
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    const files = tls.caCrl || tls.serverCertificate || tls.privateKey || tls.caCertificates
    if (files || tlsCertificates.length > 0 || secret) {
      out.warn(path, `${mode} mode does not use certificates, they will be ignored`)
    }
  }
  const pair = Boolean(tls.serverCertificate) && Boolean(tls.privateKey)
  const sources = [pair, Boolean(credentialName), credentialNames.length > 0, tlsCertificates.length > 0]
  const several = 'only one of credential_name, credential_names, server_certificate/private_key, tls_certificates'
  out.errorIf(sources.filter(Boolean).length > 1, path, `${several} should be specified`)
  const terminates = mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL'
  if (terminates && secret) return
  if (terminates) certificates(tls, mode, path, out)
  if (!tls.caCrl) return
  out.errorIf(
    Boolean(credentialName),
    path,
    'CRL is not supported with credentialName. CRL has to be specified in the credential',
  )
  out.errorIf(mode === 'SIMPLE', path, 'CRL is not supported with SIMPLE TLS')
}

function certificates(tls: Loose<ServerTLSSettings>, mode: string, path: Path, out: Refusals): void {
  const prefix = mode === 'SIMPLE' ? 'SIMPLE TLS' : 'MUTUAL TLS'
  out.errorIf(mode !== 'SIMPLE' && !tls.caCertificates, path, `${prefix} requires a client CA bundle`)
  const given = tls.tlsCertificates ?? []
  if (given.length > 2) out.warn(path, `${prefix} can support up to 2 server certificates`)
  for (const item of given.length > 0 ? given : [tls]) {
    out.errorIf(!item.serverCertificate, path, `${prefix} requires a server certificate`)
    out.errorIf(!item.privateKey, path, `${prefix} requires a private key`)
  }
}
