// What istiod's webhook refuses of a Sidecar (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  IstioEgressListener,
  IstioIngressListener,
  Sidecar,
  SidecarPort,
  SidecarTrafficPolicy,
} from '../resources/networking/sidecar.ts'
import { isHttp, isTls, parseProtocol } from '../resources/protocol.ts'
import {
  addressProblem,
  alphaSelector,
  portNameProblem,
  portProblem,
  protocolProblem,
  report,
  UNIX,
  unixProblem,
} from './common.ts'
import { connectionPool } from './destination-rule.ts'
import { serverTls } from './gateway.ts'
import { fqdnProblem, namespacedHostProblems } from './hosts.ts'
import { destination } from './http-route.ts'
import type { Refusals } from './refusals.ts'

export function validateSidecar(spec: Loose<Sidecar>, out: Refusals): void {
  if (!alphaSelector(spec.workloadSelector, 'sidecar', out)) return
  const { ingress = [], egress = [], outboundTrafficPolicy, inboundConnectionPool } = spec
  if (ingress.length + egress.length === 0 && !outboundTrafficPolicy && !inboundConnectionPool) {
    out.error(['spec'], 'sidecar: empty configuration provided')
    return
  }
  const ports = new Set<number>()
  for (const [i, listener] of ingress.entries()) ingressListener(listener, ports, ['spec', 'ingress', i], out)
  if (inboundConnectionPool !== undefined) {
    connectionPool(inboundConnectionPool, ['spec', 'inboundConnectionPool'], out)
  }
  egressListeners(egress, out)
  if (outboundTrafficPolicy !== undefined) trafficPolicy(outboundTrafficPolicy, out)
}

function portAndBind(port: Loose<SidecarPort>, bind: string, path: Path, out: Refusals): void {
  if (port.name) report(out, path, portNameProblem(port.name))
  report(out, path, protocolProblem(port.protocol ?? ''), portProblem(port.number ?? 0))
  if (bind !== '') report(out, path, addressProblem(bind))
}

const LOCAL = ['', '127.0.0.1', '0.0.0.0', '::1', '::']

function defaultEndpoint(endpoint: string, path: Path, out: Refusals): void {
  if (endpoint.startsWith(UNIX)) {
    report(out, path, unixProblem(endpoint.slice(UNIX.length)))
    return
  }
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(endpoint)
  out.errorIf(match === null, path, `address ${endpoint}: no host and port`)
  const host = match?.[1] ?? match?.[2] ?? ''
  const forms = '127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset'
  out.errorIf(!LOCAL.includes(host), path, `sidecar: defaultEndpoint must be of form ${forms}`)
  const port = match?.[3] ?? ''
  if (/^[+-]?\d+$/.test(port)) report(out, path, portProblem(Number(port)))
  else out.error(path, `sidecar: defaultEndpoint port (${port}) is not a number`)
}

function ingressListener(listener: Loose<IstioIngressListener>, ports: Set<number>, path: Path, out: Refusals): void {
  const { port, tls } = listener
  if (port === undefined) {
    out.error(path, 'sidecar: port is required for ingress listeners')
    return
  }
  out.errorIf((port.targetPort ?? 0) > 0, path, 'targetPort has no impact on Sidecars')
  portAndBind(port, listener.bind ?? '', [...path, 'port'], out)
  const number = port.number ?? 0
  out.errorIf(ports.has(number), path, 'sidecar: ports on IP bound listeners must be unique')
  ports.add(number)
  if (listener.defaultEndpoint) defaultEndpoint(listener.defaultEndpoint, [...path, 'defaultEndpoint'], out)
  const protocol = parseProtocol(port.protocol ?? '')
  if (tls !== undefined) {
    const at = [...path, 'tls']
    out.errorIf((tls.subjectAltNames ?? []).length > 0, at, 'sidecar: subjectAltNames is not supported in ingress tls')
    out.errorIf(tls.httpsRedirect === true, at, 'sidecar: httpsRedirect is not supported')
    out.errorIf(Boolean(tls.credentialName), at, 'sidecar: credentialName is not currently supported')
    out.errorIf((tls.credentialNames ?? []).length > 0, at, 'sidecar: credentialNames is not currently supported')
    out.errorIf((tls.tlsCertificates ?? []).length > 0, at, 'sidecar: tls_certificates is not currently supported')
    const mesh = tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH'
    out.errorIf(mesh, at, `configuration is invalid: cannot set mode to ${tls.mode} in sidecar ingress tls`)
    out.errorIf(!isTls(protocol), at, 'server cannot have TLS settings for non HTTPS/TLS ports')
    serverTls(tls, at, out)
  }
  if (listener.connectionPool === undefined) return
  connectionPool(listener.connectionPool, [...path, 'connectionPool'], out)
  if (listener.connectionPool.http !== undefined && !isHttp(protocol)) {
    const what = `sidecar: HTTP connection pool settings are configured for port ${number} ("${port.name ?? ''}")`
    const why = `but its protocol is not HTTP (${port.protocol ?? ''}); only TCP settings will apply`
    out.warn([...path, 'connectionPool'], `${what} ${why}`)
  }
}

function egressListeners(listeners: readonly Loose<IstioEgressListener>[], out: Refusals): void {
  const ports = new Set<number>()
  const sockets = new Set<string>()
  let catchAll = false
  for (const [i, listener] of listeners.entries()) {
    const path: Path = ['spec', 'egress', i]
    const { port, bind = '' } = listener
    if (port === undefined) {
      if (catchAll) {
        out.error(path, 'sidecar: egress can have only one listener with empty port')
        continue
      }
      catchAll = i === listeners.length - 1
      const message = 'sidecar: the egress listener with empty port should be the last listener in the list'
      out.errorIf(!catchAll, path, message)
    } else {
      out.errorIf((port.targetPort ?? 0) > 0, path, 'targetPort has no impact on Sidecars')
      egressPort(port, bind, listener.captureMode ?? 'DEFAULT', path, out)
      const number = port.number ?? 0
      if (number === 0) {
        out.errorIf(sockets.has(bind), path, 'sidecar: unix domain socket values for listeners must be unique')
        sockets.add(bind)
      } else {
        out.errorIf(ports.has(number), path, 'sidecar: ports on IP bound listeners must be unique')
        ports.add(number)
      }
    }
    egressHosts(listener.hosts ?? [], [...path, 'hosts'], out)
  }
}

function egressPort(port: Loose<SidecarPort>, bind: string, captureMode: string, path: Path, out: Refusals): void {
  if ((port.number ?? 0) !== 0) {
    portAndBind(port, bind, path, out)
    return
  }
  if (port.name) report(out, path, portNameProblem(port.name))
  report(out, path, protocolProblem(port.protocol ?? ''))
  if (bind.startsWith(UNIX)) report(out, path, unixProblem(bind.slice(UNIX.length)))
  else out.error(path, 'sidecar: ports with 0 value must have a unix domain socket bind address')
  const captured = captureMode !== 'DEFAULT' && captureMode !== 'NONE'
  out.errorIf(captured, path, 'sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners')
}

function egressHosts(hosts: readonly string[], path: Path, out: Refusals): void {
  out.errorIf(hosts.length === 0, path, 'sidecar: egress listener must contain at least one host')
  const byNamespace = new Map<string, Set<string>>()
  for (const host of hosts) {
    const slash = host.indexOf('/')
    if (slash >= 0 && !host.startsWith('~')) {
      const prefix = host.slice(0, slash)
      const namespace = prefix === '.' ? out.resource.metadata.namespace : prefix
      const service = host.slice(slash + 1)
      const known = byNamespace.get(namespace) ?? new Set<string>()
      byNamespace.set(namespace, known)
      const duplicate = service === '*' ? known.size > 0 : known.has(service) || known.has('*')
      if (duplicate) out.warn(path, `duplicated egress host: ${host}`)
      known.add(service)
    }
    report(out, path, ...namespacedHostProblems(host, 'sidecar'))
  }
  const everything = byNamespace.get('*')?.has('*') === true
  if (everything && byNamespace.size !== 1) {
    out.warn(path, '`*/*` host select all resources, no other hosts can be added')
  }
}

function trafficPolicy(policy: Loose<SidecarTrafficPolicy>, out: Refusals): void {
  const path = ['spec', 'outboundTrafficPolicy']
  const proxy = policy.egressProxy
  if (proxy === undefined) return
  if ((policy.mode ?? 'REGISTRY_ONLY') !== 'ALLOW_ANY') {
    out.error(path, 'sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode')
    return
  }
  report(out, path, fqdnProblem(proxy.host ?? ''))
  if (proxy.port === undefined) out.error(path, 'sidecar: egress_proxy port must be non-nil')
  else destination(proxy, path, out)
}
