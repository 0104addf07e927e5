// What istiod refuses of its mesh settings: MeshConfig, its proxy settings and extension providers, MeshNetworks
// (istio: pkg/config/validation/agent). The messages are read by field: a setting that nobody types is left alone.
import type { Path } from '../diagnostics/types.ts'
import { type Fields, fields, isObject, list } from '../resources/fields.ts'
import type { Loose } from '../resources/loose.ts'
import type { ClientTLSSettings } from '../resources/networking/destination-rule.ts'
import type { HTTPRetry } from '../resources/networking/virtual-service.ts'
import { parseProtoDuration } from '../resources/proto-duration.ts'
import { HTTP_STATUS_NAMES } from '../xds/http-status.ts'
import { addressProblem, portProblem, report } from './common.ts'
import { clientTls, connectionPool, outliers } from './destination-rule.ts'
import { fqdnProblem, isDnsLabel, isIp, isSubnet, namespacedHostProblems, wildcardProblem } from './hosts.ts'
import { retries } from './http-route.ts'
import { localityLb, zoneAwareLb } from './load-balancer.ts'
import { durationProblem, type Refusals } from './refusals.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' ? value : Number(value ?? 0))
const nanoseconds = (value: unknown): number => parseProtoDuration(text(value)) ?? 0

/** HOST:PORT, the host a name or an address. */
export function proxyAddressProblem(address: string): string | null {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address)
  if (match === null) return `unable to split "${address}": address ${address}: missing port in address`
  const host = match[1] ?? match[2] ?? ''
  const port = match[3] ?? ''
  if (!/^[+-]?\d+$/.test(port)) return `port (${port}) is not a number`
  const range = portProblem(Number(port))
  if (range !== null) return range
  return fqdnProblem(host) === null || isIp(host) ? null : `"${host}" is not a valid hostname or an IP address`
}

export function trustDomainProblem(domain: string): string | null {
  if (domain === '') return 'empty domain name not allowed'
  const labels = domain.replace(/\.$/, '').split('.')
  return labels.every(isDnsLabel) ? null : `trust domain name "${domain}" invalid`
}

export const authPolicyProblem = (policy: unknown): string | null =>
  [undefined, 'NONE', 'MUTUAL_TLS', 0, 1].includes(policy as string)
    ? null
    : `unrecognized control plane auth policy "${String(policy)}"`

/** Whole seconds. */
export function drainDurationProblem(duration: string | undefined): string | null {
  const problem = durationProblem(duration ?? '0s')
  if (problem !== null) return `invalid drain duration: ${problem}`
  const whole = nanoseconds(duration) % 1_000_000_000 === 0
  return whole ? null : 'drain time only supports durations to seconds precision'
}

const HOUR = 3600 * 1_000_000_000

export function connectTimeoutProblem(duration: string | undefined): string | null {
  const problem = durationProblem(duration ?? '0s')
  if (problem !== null) return problem
  return nanoseconds(duration) > HOUR ? `time ${duration ?? ''} must be >1ms and <1h0m0s` : null
}

export const detectionTimeoutProblem = (duration: string | undefined): string | null =>
  nanoseconds(duration) % 1_000_000 === 0 ? null : 'only durations to ms precision are supported'

function prefixed(prefix: string, problem: string | null): string | null {
  return problem === null ? null : `${prefix} ${problem}`
}

const WINDOW = 65535
const NON_NEGATIVE_BYTES = ['listenerPerConnectionBufferLimitBytes', 'clusterPerConnectionBufferLimitBytes']
const NON_NEGATIVE_TIMES = [
  'httpIdleTimeout',
  'httpMaxConnectionDuration',
  'httpDrainTimeout',
  'httpRequestTimeout',
  'httpRequestHeadersTimeout',
  'httpStreamIdleTimeout',
  'httpMaxStreamDuration',
]
const POSITIVE = ['httpMaxConcurrentStreams', 'listenerConnectionLimit', 'globalDownstreamConnectionLimit']

const snake = (key: string): string => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

export function connectionSettingsProblems(settings: Fields): string[] {
  const given = (keys: readonly string[]): string[] => keys.filter(key => settings[key] !== undefined)
  return [
    ...given(NON_NEGATIVE_BYTES).flatMap(key =>
      number(settings[key]) < 0 ? [`${snake(key)} must be non-negative`] : [],
    ),
    ...given(NON_NEGATIVE_TIMES).flatMap(key =>
      nanoseconds(settings[key]) < 0 ? [`${snake(key)} must be non-negative`] : [],
    ),
    ...given(POSITIVE).flatMap(key => (number(settings[key]) <= 0 ? [`${snake(key)} must be positive`] : [])),
    ...given(['http2InitialStreamWindowSize', 'http2InitialConnectionWindowSize']).flatMap(key =>
      number(settings[key]) < WINDOW ? [`${snake(key)} must be at least ${WINDOW}`] : [],
    ),
  ]
}

function lightstepProblems(collector: Fields): (string | null)[] {
  const address = text(collector['address'])
  return [
    address === '' ? 'address is required' : null,
    prefixed('invalid lightstep address:', proxyAddressProblem(address)),
    text(collector['accessToken']) === '' ? 'access token is required' : null,
  ]
}

function tagProblem(name: string, tag: unknown): string | null {
  return isObject(tag) && Object.keys(tag).length > 0 ? null : `encountered nil value for custom tag: ${name}`
}

function tracing(given: Fields, path: Path, out: Refusals): void {
  const { lightstep, zipkin, datadog, tlsSettings, customTags } = given
  if (isObject(lightstep)) {
    for (const problem of lightstepProblems(lightstep))
      report(out, path, prefixed('invalid lightstep config:', problem))
  }
  for (const [name, collector] of [
    ['zipkin', zipkin],
    ['datadog', datadog],
  ] as const) {
    if (!isObject(collector)) continue
    const address = text(collector['address']).replace('$(HOST_IP)', '127.0.0.1')
    report(out, path, prefixed(`invalid ${name} config:`, proxyAddressProblem(address)))
  }
  if (isObject(tlsSettings)) clientTls(tlsSettings as Loose<ClientTLSSettings>, path, out)
  for (const [name, tag] of Object.entries(fields(customTags))) {
    report(out, path, prefixed('invalid tracing custom tags:', tagProblem(name, tag)))
  }
}

function privateKeyProvider(provider: Fields, path: Path, out: Refusals): void {
  const config = provider['cryptomb'] ?? provider['qat']
  const say = (problem: string): void => out.error(path, `invalid private key provider configuration: ${problem}`)
  if (!isObject(config)) say('private key provider configuration is required')
  else if (config['pollDelay'] === undefined) say('pollDelay is required')
  else if (nanoseconds(config['pollDelay']) === 0) say('pollDelay must be non zero')
}

/** MeshConfig.defaultConfig: all of it, as it is when the defaults are filled in. */
export function validateProxySettings(given: Fields, path: Path, out: Refusals): void {
  out.errorIf(text(given['configPath']) === '', path, 'config path must be set')
  out.errorIf(text(given['binaryPath']) === '', path, 'binary path must be set')
  const cluster = given['serviceCluster']
  const unnamed = cluster === undefined && given['tracingServiceName'] === undefined
  out.errorIf(unnamed, path, 'oneof service cluster or tracing service name must be specified')
  out.errorIf(cluster === '', path, 'service cluster must be specified')
  report(out, path, drainDurationProblem(given['drainDuration'] as string | undefined))
  const discovery = text(given['discoveryAddress'])
  if (discovery === '') out.error(path, 'discovery address must be set to the proxy discovery service')
  else report(out, path, prefixed('invalid discovery address:', proxyAddressProblem(discovery)))
  tracing(fields(given['tracing']), [...path, 'tracing'], out)
  const addresses: [unknown, string][] = [
    [given['statsdUdpAddress'], 'statsd udp'],
    [given['envoyMetricsServiceAddress'], 'envoy metrics service'],
    [fields(given['envoyMetricsService'])['address'], 'envoy metrics service'],
    [fields(given['envoyAccessLogService'])['address'], 'envoy access log service'],
  ]
  for (const [value, what] of addresses) {
    const address = text(value)
    const prefix = `invalid ${what} address "${address}":`
    if (address !== '') report(out, path, prefixed(prefix, proxyAddressProblem(address)))
  }
  if ('ISTIO_META_DNS_AUTO_ALLOCATE' in fields(given['proxyMetadata'])) {
    out.warn(path, "'ISTIO_META_DNS_AUTO_ALLOCATE' is deprecated")
  }
  report(out, path, prefixed('invalid proxy admin port:', portProblem(number(given['proxyAdminPort']))))
  report(out, path, prefixed('invalid authentication policy:', authPolicyProblem(given['controlPlaneAuthPolicy'])))
  report(out, path, prefixed('invalid status port:', portProblem(number(given['statusPort']))))
  if (isObject(given['privateKeyProvider'])) privateKeyProvider(given['privateKeyProvider'], path, out)
  for (const problem of connectionSettingsProblems(fields(given['connectionSettings']))) {
    out.error(path, `invalid connection settings: ${problem}`)
  }
}

/** Service of an extension provider: a name, an address, or `namespace/name`. */
export function providerServiceProblems(service: string): string[] {
  if (service === '') return ['service must not be empty']
  if (service.includes('/')) return namespacedHostProblems(service, 'sidecar')
  if (fqdnProblem(service) === null) return []
  const problem = addressProblem(service)
  return problem === null ? [] : [`invalid service fmt ${service}: ${problem}`]
}

/** Providers without a service of their own. */
const SERVICELESS: ReadonlySet<string> = new Set(['prometheus', 'stackdriver', 'envoyFileAccessLog', 'sds'])

/** A code of Envoy's enumeration, whose 0 is named Empty. */
const isEnvoyStatus = (status: string): boolean =>
  status === '0' || (/^[1-9]\d*$/.test(status) && HTTP_STATUS_NAMES.has(Number(status)))

function extAuthzProblems(provider: Fields): string[] {
  const { statusOnError, pathPrefix } = provider
  const status = text(statusOnError)
  const prefix = text(pathPrefix)
  return [
    ...(status === '' || isEnvoyStatus(status) ? [] : [`unsupported statusOnError value ${status}`]),
    ...(prefix === '' || prefix.startsWith('/') ? [] : [`pathPrefix should begin with \`/\` but found "${prefix}"`]),
  ]
}

/** A provider; `kind` is its field's name. */
export function providerProblems(kind: string, provider: Fields): string[] {
  if (SERVICELESS.has(kind)) return []
  const port = portProblem(number(provider['port']))
  const found = [...providerServiceProblems(text(provider['service'])), ...(port === null ? [] : [port])]
  if (kind === 'lightstep' && text(provider['accessToken']) === '') found.push('access token is required')
  if (kind === 'opentelemetry' && provider['grpc'] !== undefined && provider['http'] !== undefined) {
    found.push('OpenTelemetryTracingProvider cannot specify both grpc and http')
  }
  return kind.startsWith('envoyExtAuthz') ? [...found, ...extAuthzProblems(provider)] : found
}

/** Istiod takes these settings all the same and writes the problem to its log, so it is only told. */
export function extensionProviders(providers: readonly unknown[], out: Refusals): void {
  const names = new Set<string>()
  for (const [i, item] of providers.entries()) {
    const { name, ...kinds } = fields(item)
    const label = text(name)
    const [kind, provider] = Object.entries(kinds).find(([, value]) => value !== undefined) ?? []
    const problems = [
      ...(label === '' ? ['empty extension provider name'] : []),
      ...(names.has(label) ? [`duplicate extension provider name ${label}`] : []),
      ...(kind === undefined ? ['unsupported provider'] : providerProblems(kind, fields(provider))),
    ]
    names.add(label)
    for (const problem of problems) {
      out.warn(['extensionProviders', i], `invalid extension provider ${label}: ${problem}`)
    }
  }
}

export function serviceSettingsProblems(settings: readonly unknown[]): string[] {
  return settings.flatMap((item, i) =>
    list(fields(item)['hosts']).flatMap(host => {
      const problem = wildcardProblem(text(host))
      return problem === null ? [] : [`serviceSettings[${i}], host \`${text(host)}\`: ${problem}`]
    }),
  )
}

/** Istiod leaves the pool's HTTP/2 keepalive aside here. */
export function validateDefaultTrafficPolicy(policy: Fields, path: Path, out: Refusals): void {
  if (isObject(policy['connectionPool'])) connectionPool(policy['connectionPool'], [...path, 'connectionPool'], out)
  if (isObject(policy['outlierDetection'])) outliers(policy['outlierDetection'], [...path, 'outlierDetection'], out)
}

const IGNORED_INBOUND = ['perTryTimeout', 'retryRemoteLocalities', 'retryIgnorePreviousHosts']

export function validateInboundRetryPolicy(policy: Fields, path: Path, out: Refusals): void {
  const given = policy as Loose<HTTPRetry>
  retries(given, path, out)
  const idle = (given.attempts ?? 0) === 0 && given.backoff !== undefined
  out.errorIf(idle, path, 'backoff configured when attempts are set to 0 (disabled)')
  for (const key of IGNORED_INBOUND) {
    if (policy[key] !== undefined) out.warn(path, `${key} is ignored by the default inbound http retry policy`)
  }
}

const CURVES = ['', 'P-224', 'P-256', 'P-521', 'P-384', 'X25519', 'X25519Kyber768Draft00', 'X25519MLKEM768']

function tlsConfigs(mesh: Fields, defaults: Fields, out: Refusals): void {
  const unsupported = mesh['ecdhCurves'] !== undefined
  out.errorIf(unsupported, ['meshMTLS'], 'mesh TLS does not support ECDH curves configuration')
  const curves = list(defaults['ecdhCurves']).map(text)
  const distinct = (names: readonly string[]): string => [...new Set(names)].join(' ')
  const unknown = distinct(curves.filter(curve => !CURVES.includes(curve)))
  const twice = distinct(curves.filter((curve, i) => CURVES.includes(curve) && curves.indexOf(curve) !== i))
  const path = ['tlsDefaults', 'ecdhCurves']
  if (unknown !== '') out.warn(path, `detected unrecognized ECDH curves: [${unknown}]`)
  if (twice !== '') out.warn(path, `detected duplicate ECDH curves: [${twice}]`)
}

/** A MeshConfig with the defaults filled in. */
export function validateMeshConfig(spec: object, out: Refusals): void {
  const mesh = fields(spec)
  const path: Path = []
  report(out, path, prefixed('invalid proxy listen port:', portProblem(number(mesh['proxyListenPort']))))
  const connect = mesh['connectTimeout'] as string | undefined
  report(out, path, prefixed('invalid connect timeout:', connectTimeoutProblem(connect)))
  const detection = mesh['protocolDetectionTimeout'] as string | undefined
  report(out, path, prefixed('invalid protocol detection timeout:', detectionTimeoutProblem(detection)))
  if (isObject(mesh['defaultConfig'])) validateProxySettings(mesh['defaultConfig'], ['defaultConfig'], out)
  else out.error(path, 'missing default config')
  if (isObject(mesh['localityLbSetting'])) localityLb(mesh['localityLbSetting'], true, ['localityLbSetting'], out)
  if (isObject(mesh['zoneAwareLbSetting'])) zoneAwareLb(mesh['zoneAwareLbSetting'], true, ['zoneAwareLbSetting'], out)
  report(out, ['serviceSettings'], ...serviceSettingsProblems(list(mesh['serviceSettings'])))
  report(out, ['trustDomain'], prefixed('trustDomain:', trustDomainProblem(text(mesh['trustDomain']))))
  for (const [i, alias] of list(mesh['trustDomainAliases']).entries()) {
    const prefix = `trustDomainAliases[${i}], domain \`${text(alias)}\` :`
    report(out, ['trustDomainAliases', i], prefixed(prefix, trustDomainProblem(text(alias))))
  }
  tlsConfigs(fields(mesh['meshMTLS']), fields(mesh['tlsDefaults']), out)
  validateDefaultTrafficPolicy(fields(mesh['defaultTrafficPolicy']), ['defaultTrafficPolicy'], out)
  validateInboundRetryPolicy(fields(mesh['defaultInboundHttpRetryPolicy']), ['defaultInboundHttpRetryPolicy'], out)
}

function networkProblems(network: Fields): (string | null)[] {
  const endpoints = list(network['endpoints']).map(item => {
    const { fromCidr, fromRegistry } = fields(item)
    if (typeof fromCidr === 'string') return isSubnet(fromCidr) ? null : `${fromCidr} is not a valid CIDR block`
    if (typeof fromRegistry !== 'string' || isDnsLabel(fromRegistry)) return null
    return `invalid registry name: ${fromRegistry}`
  })
  const gateways = list(network['gateways']).flatMap(item => {
    const { registryServiceName, address, port } = fields(item)
    const name = text(registryServiceName)
    const host = text(address)
    const known = host === '' || isIp(host) || fqdnProblem(host) === null
    return [
      name === '' ? null : fqdnProblem(name),
      known ? null : `${host} is not a valid IP address or DNS name`,
      portProblem(number(port)),
    ]
  })
  return [...endpoints, ...gateways]
}

export function meshNetworksProblems(spec: Fields): string[] {
  return Object.entries(fields(spec['networks'])).flatMap(([name, network]) =>
    networkProblems(fields(network)).flatMap(problem =>
      problem === null ? [] : [`invalid network ${name}: ${problem}`],
    ),
  )
}
