// What istiod's webhook refuses of a DestinationRule: pools, outlier detection, TLS (istio: pkg/config/validation).
import type { Path } from '../diagnostics/types.ts'
import type { ConnectionPoolSettings } from '../resources/common.ts'
import type {
  ClientTLSSettings,
  DestinationRule,
  OutlierDetection,
  TrafficPolicy,
} from '../resources/networking/destination-rule.ts'
import { wildcardProblem } from './hosts.ts'
import { checkDuration, type Refusals } from './refusals.ts'

export function validateDestinationRule(spec: DestinationRule, out: Refusals): void {
  const problem = wildcardProblem(spec.host)
  if (problem !== null) out.error(['spec', 'host'], problem)
  policy(spec.trafficPolicy, ['spec', 'trafficPolicy'], out)
  for (const [i, subset] of (spec.subsets ?? []).entries()) {
    policy(subset.trafficPolicy, ['spec', 'subsets', i, 'trafficPolicy'], out)
  }
  const selector = spec.workloadSelector
  if (selector !== undefined && Object.keys(selector.matchLabels ?? {}).length === 0) {
    out.warn(['spec', 'workloadSelector'], 'workload selector specified without labels')
  }
}

function policy(given: TrafficPolicy | undefined, path: Path, out: Refusals): void {
  if (given === undefined) return
  out.errorIf(Object.keys(given).length === 0, path, 'traffic policy must have at least one field')
  parts(given, path, out)
  for (const [i, item] of (given.portLevelSettings ?? []).entries()) {
    const at = [...path, 'portLevelSettings', i]
    out.errorIf(!item.port?.number, at, 'portTrafficPolicy must have valid port')
    parts(item, at, out)
  }
}

function parts(
  given: Pick<TrafficPolicy, 'connectionPool' | 'outlierDetection' | 'tls'>,
  path: Path,
  out: Refusals,
): void {
  if (given.connectionPool !== undefined) connectionPool(given.connectionPool, [...path, 'connectionPool'], out)
  if (given.outlierDetection !== undefined) outliers(given.outlierDetection, [...path, 'outlierDetection'], out)
  if (given.tls !== undefined) tls(given.tls, [...path, 'tls'], out)
}

export function connectionPool(pool: ConnectionPoolSettings, path: Path, out: Refusals): void {
  out.errorIf(!pool.tcp && !pool.http, path, 'connection pool must have at least one field')
  out.errorIf((pool.tcp?.maxConnections ?? 0) < 0, path, 'max connections must be non-negative')
  checkDuration(out, [...path, 'tcp', 'connectTimeout'], pool.tcp?.connectTimeout)
  const http = pool.http
  if (http === undefined) return
  out.errorIf((http.maxRequestsPerConnection ?? 0) < 0, path, 'max requests per connection must be non-negative')
  out.errorIf((http.maxRetries ?? 0) < 0, path, 'max retries must be non-negative')
  out.errorIf((http.maxConcurrentStreams ?? 0) < 0, path, 'max concurrent streams must be non-negative')
  const upgrade = http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true
  out.errorIf(upgrade, path, 'use client protocol must not be true when H2UpgradePolicy is UPGRADE')
  checkDuration(out, [...path, 'http', 'idleTimeout'], http.idleTimeout)
  const keepalive = http.http2KeepAlive
  out.errorIf(keepalive !== undefined && !keepalive.interval, path, 'http2 keepalive interval is required')
  out.errorIf(keepalive !== undefined && !keepalive.timeout, path, 'http2 keepalive timeout is required')
}

function outliers(given: OutlierDetection, path: Path, out: Refusals): void {
  for (const key of ['interval', 'baseEjectionTime'] as const) checkDuration(out, [...path, key], given[key])
  for (const key of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const value = given[key] ?? 0
    out.errorIf(value < 0 || value > 100, [...path, key], `percentage ${value} is not in range 0..100`)
  }
  const local = given.splitExternalLocalOriginErrors !== true && (given.consecutiveLocalOriginFailures ?? 0) > 0
  out.errorIf(local, path, 'consecutive local origin failures need splitExternalLocalOriginErrors')
}

function tls(given: ClientTLSSettings, path: Path, out: Refusals): void {
  const files = given.clientCertificate || given.privateKey || given.caCertificates || given.caCrl
  const mode = given.mode ?? 'DISABLE'
  if (given.insecureSkipVerify === true && (mode === 'SIMPLE' || mode === 'MUTUAL')) {
    const names = (given.subjectAltNames ?? []).length > 0
    const credential = mode === 'SIMPLE' && Boolean(given.credentialName)
    const both = Boolean(given.caCertificates) || names || credential
    out.errorIf(both, path, 'cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true')
  }
  if ((mode === 'SIMPLE' || mode === 'MUTUAL') && given.credentialName) {
    const message = 'cannot specify client certificates or CA certificate or CA CRL If credentialName is set'
    out.errorIf(Boolean(files), path, message)
  } else if (mode === 'MUTUAL') {
    out.errorIf(!given.clientCertificate, path, 'client certificate required for mutual tls')
    out.errorIf(!given.privateKey, path, 'private key required for mutual tls')
  }
}
