// What istiod's webhook refuses of a Gateway: servers, their hosts and TLS (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import type { ServerTLSSettings } from '../resources/common.ts'
import type { Gateway } from '../resources/networking/gateway.ts'
import { isDnsLabel, wildcardProblem } from './hosts.ts'
import type { Refusals } from './refusals.ts'

export function validateGateway(spec: Gateway, out: Refusals): void {
  const servers = spec.servers ?? []
  out.errorIf(servers.length === 0, ['spec'], 'gateway must have at least one server')
  const names = new Set<string>()
  for (const [i, server] of servers.entries()) {
    const path = ['spec', 'servers', i]
    const { name, number, protocol } = server.port
    const duplicate = names.has(name)
    out.errorIf(duplicate, path, `port names in servers must be unique: duplicate name ${name}`)
    names.add(name)
    for (const entry of server.hosts) {
      const slash = entry.indexOf('/')
      const namespace = slash < 0 ? '*' : entry.slice(0, slash)
      const known = namespace === '*' || namespace === '.' || isDnsLabel(namespace)
      out.errorIf(!known, [...path, 'hosts'], `invalid namespace value "${namespace}" in gateway`)
      const problem = wildcardProblem(entry.slice(slash + 1))
      if (problem !== null) out.error([...path, 'hosts'], problem)
      const partial = entry.slice(slash + 1).length > 1 && entry.slice(slash + 1).startsWith('*')
      const message = `partial wildcard "${entry}" not allowed`
      out.errorIf(partial && !entry.slice(slash + 1).startsWith('*.'), [...path, 'hosts'], message)
    }
    const socket = (server.bind ?? '').startsWith('unix://')
    out.errorIf(socket && number !== 0, path, 'port number must be 0 for unix domain socket')
    const secure = ['HTTPS', 'TLS'].includes(protocol.toUpperCase())
    const http = ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(protocol.toUpperCase())
    if (server.tls === undefined) {
      out.errorIf(secure, path, 'server must have TLS settings for HTTPS/TLS protocols')
      continue
    }
    const plain = !secure && (server.tls.mode ?? 'PASSTHROUGH') !== 'PASSTHROUGH'
    out.errorIf(plain, path, 'server cannot have TLS settings for plain text HTTP ports')
    if (server.tls.httpsRedirect === true && !http) {
      out.warn(path, 'tls.httpsRedirect should only be used with http servers')
    }
    serverTls(server.tls, [...path, 'tls'], out)
  }
}

export function serverTls(tls: ServerTLSSettings, path: Path, out: Refusals): void {
  const mode = tls.mode ?? 'PASSTHROUGH'
  const secret = Boolean(tls.credentialName) || (tls.credentialNames ?? []).length > 0
  const certificates = tls.tlsCertificates ?? []
  const pair = Boolean(tls.serverCertificate) && Boolean(tls.privateKey)
  if (mode === 'ISTIO_MUTUAL') {
    out.errorIf(Boolean(tls.serverCertificate), path, 'ISTIO_MUTUAL TLS cannot have associated server certificate')
    out.errorIf(Boolean(tls.privateKey), path, 'ISTIO_MUTUAL TLS cannot have associated private key')
    out.errorIf(secret, path, 'ISTIO_MUTUAL TLS cannot have associated credentialName')
    return
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    if (secret || pair || tls.caCertificates || tls.caCrl) {
      out.warn(path, `${mode} mode does not use certificates, they will be ignored`)
    }
    return
  }
  const mutual = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL'
  const several = [secret, pair, certificates.length > 0].filter(Boolean).length > 1
  out.errorIf(several, path, 'only one of credentials, server certificate and tls_certificates should be specified')
  if (secret) return
  out.errorIf(!mutual && Boolean(tls.caCrl), path, 'CRL is not supported with SIMPLE TLS')
  if (certificates.length > 0) {
    for (const item of certificates) {
      out.errorIf(!item.serverCertificate, path, `${mode} TLS requires a server certificate`)
      out.errorIf(!item.privateKey, path, `${mode} TLS requires a private key`)
    }
  } else {
    out.errorIf(!tls.serverCertificate, path, `${mode} TLS requires a server certificate`)
    out.errorIf(!tls.privateKey, path, `${mode} TLS requires a private key`)
  }
  const ca = tls.caCertificates || tls.caCertCredentialName || certificates.some(item => item.caCertificates)
  out.errorIf(mutual && !ca, path, `${mode} TLS requires a client CA bundle`)
}
