// What istiod's webhook refuses of a DestinationRule: pools, outlier detection, load balancing, TLS
// (istio: pkg/config/validation).
import type { Path } from '../diagnostics/types.ts'
import type { ConnectionPoolSettings } from '../resources/common.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  ClientTLSSettings,
  DestinationRule,
  OutlierDetection,
  TrafficPolicy,
  TunnelSettings,
} from '../resources/networking/destination-rule.ts'
import { parseProtoDuration } from '../resources/proto-duration.ts'
import { addressProblem, exportTo, labelProblems, portProblem, report, workloadSelector } from './common.ts'
import { fqdnProblem, wildcardProblem } from './hosts.ts'
import { subsetNameProblem } from './http-route.ts'
import { loadBalancer } from './load-balancer.ts'
import { checkDuration, type Refusals } from './refusals.ts'

export function validateDestinationRule(spec: Loose<DestinationRule>, out: Refusals): void {
  report(out, ['spec', 'host'], wildcardProblem(spec.host ?? ''))
  trafficPolicy(spec.trafficPolicy, ['spec', 'trafficPolicy'], out)
  const names = new Set<string>()
  for (const [i, { name = '', labels, trafficPolicy: policy }] of (spec.subsets ?? []).entries()) {
    const path: Path = ['spec', 'subsets', i]
    out.errorIf(names.has(name), path, `duplicate subset names: ${name}`)
    names.add(name)
    report(out, path, subsetNameProblem(name), ...labelProblems(labels))
    trafficPolicy(policy, [...path, 'trafficPolicy'], out)
  }
  exportTo(spec.exportTo, out, { ownNamespaceOnly: spec.workloadSelector !== undefined })
  workloadSelector(spec.workloadSelector, ['spec', 'workloadSelector'], out)
}

/** One policy; of its ports as well. */
export function trafficPolicy(given: Loose<TrafficPolicy> | undefined, path: Path, out: Refusals): void {
  if (given === undefined) return
  // an empty list is none, once protobuf has read it
  const empty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0)
  if (Object.values(given).every(empty)) {
    out.error(path, 'traffic policy must have at least one field')
    return
  }
  if (given.tunnel !== undefined && given.proxyProtocol !== undefined) {
    out.error(path, 'tunnel and proxyProtocol must not be set together')
    return
  }
  parts(given, path, out)
  for (const [i, item] of (given.portLevelSettings ?? []).entries()) {
    const at = [...path, 'portLevelSettings', i]
    out.errorIf(item.port === undefined, at, 'portTrafficPolicy must have valid port')
    const some = item.outlierDetection ?? item.connectionPool ?? item.loadBalancer ?? item.tls
    if (some === undefined) out.error(at, 'port traffic policy must have at least one field')
    else parts(item, at, out)
  }
  if (given.tunnel !== undefined) tunnel(given.tunnel, [...path, 'tunnel'], out)
}

function parts(
  given: Pick<Loose<TrafficPolicy>, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls'>,
  path: Path,
  out: Refusals,
): void {
  if (given.outlierDetection !== undefined) outliers(given.outlierDetection, [...path, 'outlierDetection'], out)
  if (given.connectionPool !== undefined) connectionPool(given.connectionPool, [...path, 'connectionPool'], out)
  if (given.loadBalancer !== undefined) {
    loadBalancer(given.loadBalancer, given.outlierDetection !== undefined, [...path, 'loadBalancer'], out)
  }
  if (given.tls !== undefined) clientTls(given.tls, [...path, 'tls'], out)
}

function tunnel(given: Loose<TunnelSettings>, path: Path, out: Refusals): void {
  const known = ['', 'CONNECT', 'POST'].includes(given.protocol ?? '')
  out.errorIf(!known, path, 'tunnel protocol must be "CONNECT" or "POST"')
  const host = given.targetHost ?? ''
  const bad = fqdnProblem(host) !== null && addressProblem(host) !== null
  out.errorIf(bad, path, `tunnel target host must be valid FQDN or IP address: ${host}`)
  const port = portProblem(given.targetPort ?? 0)
  out.errorIf(port !== null, path, `tunnel target port is invalid: ${port ?? ''}`)
}

export function connectionPool(pool: Loose<ConnectionPoolSettings>, path: Path, out: Refusals): void {
  if (!pool.tcp && !pool.http) {
    out.error(path, 'connection pool must have at least one field')
    return
  }
  const { http = {}, tcp = {} } = pool
  const counts: [number | undefined, string][] = [
    [http.http1MaxPendingRequests, 'http1 max pending requests'],
    [http.http2MaxRequests, 'http2 max requests'],
    [http.maxRequestsPerConnection, 'max requests per connection'],
    [http.maxRetries, 'max retries'],
    [http.maxConcurrentStreams, 'max concurrent streams'],
    [tcp.maxConnections, 'max connections'],
  ]
  for (const [value = 0, what] of counts) out.errorIf(value < 0, path, `${what} must be non-negative`)
  checkDuration(out, [...path, 'http', 'idleTimeout'], http.idleTimeout)
  const upgrade = http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true
  out.errorIf(upgrade, path, 'use client protocol must not be true when H2UpgradePolicy is UPGRADE')
  for (const key of ['interval', 'timeout'] as const) {
    const keepalive = http.http2KeepAlive
    if (keepalive === undefined) continue
    if (keepalive[key] === undefined) out.error(path, `http2 keepalive ${key} is required`)
    else checkDuration(out, [...path, 'http', 'http2KeepAlive', key], keepalive[key])
  }
  checkDuration(out, [...path, 'tcp', 'connectTimeout'], tcp.connectTimeout)
  checkDuration(out, [...path, 'tcp', 'maxConnectionDuration'], tcp.maxConnectionDuration)
  const idle = parseProtoDuration(tcp.idleTimeout ?? '0s') ?? 0
  if (Math.abs(idle) >= 1_000_000) checkDuration(out, [...path, 'tcp', 'idleTimeout'], tcp.idleTimeout)
  for (const key of ['time', 'interval'] as const) {
    checkDuration(out, [...path, 'tcp', 'tcpKeepalive', key], tcp.tcpKeepalive?.[key])
  }
}

export function outliers(given: Loose<OutlierDetection>, path: Path, out: Refusals): void {
  checkDuration(out, [...path, 'baseEjectionTime'], given.baseEjectionTime)
  if ((given.consecutiveErrors ?? 0) !== 0) {
    const instead = 'use consecutiveGatewayErrors or consecutive5xxErrors instead'
    out.warn([...path, 'consecutiveErrors'], `outlier detection consecutive errors is deprecated, ${instead}`)
  }
  const local = given.splitExternalLocalOriginErrors !== true && (given.consecutiveLocalOriginFailures ?? 0) > 0
  const what = 'outlier detection consecutive local origin failures is specified'
  out.errorIf(local, path, `${what}, but split external local origin errors is set to false`)
  checkDuration(out, [...path, 'interval'], given.interval)
  for (const key of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const value = given[key] ?? 0
    out.errorIf(value < 0 || value > 100, [...path, key], `percentage ${value} is not in range 0..100`)
  }
}

export function clientTls(given: Loose<ClientTLSSettings>, path: Path, out: Refusals): void {
  const mode = given.mode ?? 'DISABLE'
  const credential = given.credentialName ?? ''
  if (credential.startsWith('configmap://')) configMapName(credential, path, out)
  if (given.insecureSkipVerify === true && (mode === 'SIMPLE' || mode === 'MUTUAL')) {
    const verified = Boolean(given.caCertificates) || given.subjectAltNames !== undefined
    const both = verified || (mode === 'SIMPLE' && credential !== '')
    out.errorIf(both, path, 'cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true')
  }
  if ((mode === 'SIMPLE' || mode === 'MUTUAL') && credential !== '') {
    const files = given.clientCertificate || given.privateKey || given.caCertificates || given.caCrl
    const message = 'cannot specify client certificates or CA certificate or CA CRL If credentialName is set'
    out.errorIf(Boolean(files), path, message)
  } else if (mode === 'MUTUAL') {
    out.errorIf(!given.clientCertificate, path, 'client certificate required for mutual tls')
    out.errorIf(!given.privateKey, path, 'private key required for mutual tls')
  }
}

/** configmap://NAME or configmap://NAMESPACE/NAME, of the rule's own namespace. */
function configMapName(credential: string, path: Path, out: Refusals): void {
  const own = out.resource.metadata.namespace
  const parts = credential.slice('configmap://'.length).split('/')
  const namespace = parts.length > 1 ? parts[0] : own
  const broken = parts.length > 2 || parts.includes('')
  out.errorIf(broken, path, `invalid configmap:// credentialName: invalid resource name "${credential}"`)
  const foreign = !broken && (namespace !== own || own === '')
  const message = `namespace must match the configuration namespace "${own}"`
  out.errorIf(foreign, path, `invalid configmap:// credentialName: ${message}`)
}
