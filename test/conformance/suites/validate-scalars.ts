// Suite `validate`, scalars: Istio's functions by name, and our validator of the same thing.
import { fields, list } from '../../../simulator/resources/fields.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { exportToProblems, portNameProblem, portProblem } from '../../../simulator/validation/common.ts'
import { validateTrafficExtension } from '../../../simulator/validation/extensions.ts'
import { serverPortProblems } from '../../../simulator/validation/gateway.ts'
import {
  fqdnProblem,
  gatewayHostProblem,
  isIp,
  isSubnet,
  wildcardProblem,
} from '../../../simulator/validation/hosts.ts'
import {
  headerValueProblem,
  matchHeaderProblem,
  strictHeaderProblem,
} from '../../../simulator/validation/http-headers.ts'
import { statusProblem } from '../../../simulator/validation/http-route.ts'
import { localitiesProblem } from '../../../simulator/validation/load-balancer.ts'
import {
  authPolicyProblem,
  connectionSettingsProblems,
  connectTimeoutProblem,
  detectionTimeoutProblem,
  drainDurationProblem,
  meshNetworksProblems,
  providerProblems,
  providerServiceProblems,
  proxyAddressProblem,
  serviceSettingsProblems,
  trustDomainProblem,
  validateDefaultTrafficPolicy,
  validateInboundRetryPolicy,
  validateMeshConfig,
  validateProxySettings,
} from '../../../simulator/validation/mesh-config.ts'
import { celProblem } from '../../../simulator/validation/policies.ts'
import { durationProblem, Refusals } from '../../../simulator/validation/refusals.ts'
import { validateVirtualService } from '../../../simulator/validation/virtual-service.ts'

interface Verdict {
  errors: string[]
  warnings: string[]
}

type Arguments = readonly unknown[]

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const one =
  (check: (value: string) => string | null) =>
  ([value]: Arguments): Verdict => {
    const problem = check(text(value))
    return { errors: problem === null ? [] : [problem], warnings: [] }
  }

const many =
  (check: (...args: Arguments) => string[]) =>
  (args: Arguments): Verdict => ({ errors: check(...args), warnings: [] })

/** Runs a validator that reports on a resource, without one. */
function collected(run: (out: Refusals) => void): Verdict {
  const [holder] = loadResources([
    { name: 'holder', content: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: holder}\n' },
  ]).resources
  if (holder === undefined) throw new Error('no holder')
  const out = new Refusals(holder)
  run(out)
  const of = (level: string): string[] => out.found.filter(found => found.level === level).map(found => found.message)
  return { errors: of('error'), warnings: of('warning') }
}

/** A part of an HTTP rule, in the smallest VirtualService that holds it. */
const inRule =
  (wrap: (value: unknown) => Record<string, unknown>) =>
  ([value]: Arguments): Verdict => {
    const rule = { route: [{ destination: { host: 'foo.bar' } }], ...(value === null ? {} : wrap(value)) }
    return collected(out => validateVirtualService({ hosts: ['foo.bar'], http: [rule] }, out))
  }

const provider = (kind: string) => many(config => providerProblems(kind, fields(config)))
const valid = (good: boolean, message: string): string | null => (good ? null : message)

export const scalarValidators: ReadonlyMap<string, (args: Arguments) => Verdict> = new Map([
  ['ValidateConnectTimeout', one(connectTimeoutProblem)],
  ['ValidateControlPlaneAuthPolicy', one(authPolicyProblem)],
  ['ValidateDrainDuration', one(drainDurationProblem)],
  ['ValidateDuration', one(durationProblem)],
  ['ValidateExtensionProviderEnvoyHTTPAls', provider('envoyHttpAls')],
  ['ValidateExtensionProviderEnvoyOtelAls', provider('envoyOtelAls')],
  ['ValidateExtensionProviderEnvoyTCPAls', provider('envoyTcpAls')],
  ['ValidateExtensionProviderTracingOpentelemetry', provider('opentelemetry')],
  ['ValidateFQDN', one(fqdnProblem)],
  ['ValidateHTTPHeaderNameOrJwtClaimRoute', one(matchHeaderProblem)],
  ['ValidateHTTPHeaderValue', one(headerValueProblem)],
  ['ValidateIPAddress', one(value => valid(isIp(value), `${value} is not a valid IP`))],
  ['ValidateIPSubnet', one(value => valid(isSubnet(value), `${value} is not a valid CIDR block`))],
  ['ValidateMaxServerConnectionAge', one(durationProblem)],
  ['ValidateMeshConfig', ([config]: Arguments): Verdict => collected(out => validateMeshConfig(fields(config), out))],
  [
    'ValidateMeshConfigProxyConfig',
    ([config]: Arguments): Verdict => collected(out => validateProxySettings(fields(config), [], out)),
  ],
  ['ValidateMeshNetworks', many(config => meshNetworksProblems(fields(config)))],
  ['ValidatePort', many(port => [portProblem(Number(port))].filter(problem => problem !== null))],
  ['ValidatePortName', one(portNameProblem)],
  ['ValidateProtocolDetectionTimeout', one(detectionTimeoutProblem)],
  ['ValidateProxyAddress', one(proxyAddressProblem)],
  ['ValidateStrictHTTPHeaderName', one(strictHeaderProblem)],
  ['ValidateTrustDomain', one(trustDomainProblem)],
  ['ValidateWildcardDomain', one(wildcardProblem)],
  [
    'ValidateWildcardDomainForVirtualServiceBoundToGateway',
    many((sni, name) => [gatewayHostProblem(sni === true, text(name))].filter(problem => problem !== null)),
  ],
  ['validateConnectionSettings', many(settings => connectionSettingsProblems(fields(settings)))],
  [
    'validateExportTo',
    many((namespace, entries, serviceEntry, ownNamespaceOnly) =>
      exportToProblems(text(namespace), list(entries).map(text), {
        serviceEntry: serviceEntry === true,
        ownNamespaceOnly: ownNamespaceOnly === true,
      }),
    ),
  ],
  ['validateExtensionProviderService', many(service => providerServiceProblems(text(service)))],
  ['validateExtensionProviderTracingDatadog', provider('datadog')],
  ['validateExtensionProviderTracingLightStep', provider('lightstep')],
  ['validateExtensionProviderTracingOpenCensusAgent', provider('opencensus')],
  ['validateExtensionProviderTracingZipkin', provider('zipkin')],
  [
    'ValidateTrafficExtension',
    ([spec]: Arguments): Verdict => collected(out => validateTrafficExtension(fields(spec), out)),
  ],
  ['validateHTTPDirectResponse', inRule(value => ({ directResponse: value, route: undefined }))],
  ['validateHTTPFaultInjectionAbort', inRule(abort => ({ fault: { abort } }))],
  ['validateHTTPRewrite', inRule(rewrite => ({ rewrite }))],
  ['validateHTTPStatus', many(code => [statusProblem(Number(code))].filter(problem => problem !== null))],
  ['validateLocalities', many(list_ => [localitiesProblem(list(list_).map(text))].filter(problem => problem !== null))],
  [
    'validateMeshConfigDefaultInboundHTTPRetryPolicy',
    ([policy]: Arguments): Verdict => collected(out => validateInboundRetryPolicy(fields(policy), [], out)),
  ],
  [
    'validateMeshConfigDefaultTrafficPolicy',
    ([policy]: Arguments): Verdict => collected(out => validateDefaultTrafficPolicy(fields(policy), [], out)),
  ],
  ['validateServerPort', many((port, bind) => serverPortProblems(fields(port), text(bind)))],
  ['validateServiceSettings', many(config => serviceSettingsProblems(list(fields(config)['serviceSettings'])))],
  ['validateTelemetryFilter', many(filter => [celProblem(text(fields(filter)['expression']))].filter(p => p !== null))],
])
