// What may stand in the annotations that injection reads (istio: pkg/kube/inject/validate.go), in its words.
import { parseDocuments } from '../documents/index.ts'
import { canonicalise } from '../resources/canonical.ts'
import { isObject } from '../resources/fields.ts'
import { ProxySettings } from '../resources/mesh/proxy-config.ts'
import { mergeMeshConfig } from '../resources/mesh-config.ts'
import { isSubnet } from '../validation/hosts.ts'
import { validateProxySettings } from '../validation/mesh-config.ts'
import { Refusals } from '../validation/refusals.ts'
import type { Instance } from './context.ts'

/** Null where the value is good. */
export type AnnotationCheck = (value: string, instance: Instance) => string | null

/** strconv.ParseUint in base 10. */
function uintProblem(value: string, bits: number): string | null {
  if (!/^\d+$/.test(value)) return `strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`
  return Number(value) < 2 ** bits ? null : `strconv.ParseUint: parsing "${value}": value out of range`
}

function portProblem(port: string): string | null {
  const problem = uintProblem(port.trim(), 16)
  return problem === null ? null : `failed parsing port '${port}': ${problem}`
}

const ports =
  (parameter: string) =>
  (value: string): string | null => {
    if (value.trim() === '') return null
    for (const port of value.trim().split(',')) {
      const problem = portProblem(port)
      if (problem !== null) return `${parameter} invalid: failed parsing port '${port}': ${problem}`
    }
    return null
  }

/** netip.ParsePrefix. */
function prefixProblem(range: string): string | null {
  const why = range.includes('/') ? 'unable to parse IP' : "no '/'"
  return range.includes('/') && isSubnet(range) ? null : `netip.ParsePrefix(${JSON.stringify(range)}): ${why}`
}

const ranges =
  (parameter: string) =>
  (value: string): string | null => {
    if (value === '') return null
    for (const range of value.split(',')) {
      const problem = prefixProblem(range)
      if (problem !== null) return `${parameter} invalid: failed parsing cidr '${range}': ${problem}`
    }
    return null
  }

const orAll = (check: (value: string) => string | null) => (value: string) => (value === '*' ? null : check(value))

const number = (value: string): string | null => uintProblem(value, 32)

const boolean = (value: string): string | null =>
  /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)
    ? null
    : `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`

function quantity(value: string): string | null {
  if (/\p{Cc}/u.test(value)) return 'value contains control characters'
  if (/^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.test(value)) return null
  return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
}

/** Names of network interfaces (istio: pkg/util/net/ip.go). */
function interfaces(value: string): string | null {
  if (value === '') return null
  for (const name of value.split(',').map(part => part.trim())) {
    if (name === '') return 'empty interface name'
    if (name.length > 15) return `interface name "${name}" too long (max 15 chars)`
    if (!/^[a-zA-Z][a-zA-Z0-9_.-]*$/.test(name)) return `interface name "${name}" contains invalid characters`
  }
  return null
}

function interception(value: string): string | null {
  if (['REDIRECT', 'TPROXY', 'NONE'].includes(value)) return null
  return `interceptionMode invalid, use REDIRECT,TPROXY,NONE: ${value}`
}

/** The pod's proxy configuration, laid over the defaults: unknown fields pass, wrong values do not. */
function proxyConfig(value: string, { resource }: Instance): string | null {
  const failed = (why: string): string => `failed to convert to apply proxy config: ${why}`
  const { documents, diagnostics } = parseDocuments('proxy.istio.io/config', value)
  const found = diagnostics[0]?.message
  if (found !== undefined) return failed(found)
  const config = documents[0]?.value
  if (config === undefined || config === null) return null
  if (!isObject(config)) {
    const type = Array.isArray(config) ? 'array' : typeof config
    return failed(`json: cannot unmarshal ${type} into Go value of type map[string]json.RawMessage`)
  }
  const canonical = canonicalise(config, ProxySettings)
  const wrong = ProxySettings.safeParse(canonical).error?.issues.find(issue => issue.code !== 'unrecognized_keys')
  if (wrong !== undefined) return failed(`${wrong.path.join('.')}: ${wrong.message}`)
  const out = new Refusals(resource)
  const merged: unknown = mergeMeshConfig({ defaultConfig: canonical }).defaultConfig
  validateProxySettings(isObject(merged) ? merged : {}, [], out)
  return out.found.find(problem => problem.level === 'error')?.message ?? null
}

export const annotationChecks: ReadonlyMap<string, AnnotationCheck> = new Map<string, AnnotationCheck>([
  ['sidecar.istio.io/interceptionMode', interception],
  [
    'status.sidecar.istio.io/port',
    value => {
      const problem = portProblem(value)
      // the parameter's name is istiod's
      return problem === null ? null : `excludeInboundPorts invalid: ${problem}`
    },
  ],
  ['readiness.status.sidecar.istio.io/initialDelaySeconds', number],
  ['readiness.status.sidecar.istio.io/periodSeconds', number],
  ['readiness.status.sidecar.istio.io/failureThreshold', number],
  ['traffic.sidecar.istio.io/includeOutboundIPRanges', orAll(ranges('includeIPRanges'))],
  ['traffic.sidecar.istio.io/excludeOutboundIPRanges', ranges('excludeIPRanges')],
  ['traffic.sidecar.istio.io/includeInboundPorts', orAll(ports('includeInboundPorts'))],
  ['traffic.sidecar.istio.io/excludeInboundPorts', ports('excludeInboundPorts')],
  ['traffic.sidecar.istio.io/excludeOutboundPorts', ports('excludeOutboundPorts')],
  ['traffic.sidecar.istio.io/excludeInterfaces', interfaces],
  ['traffic.sidecar.istio.io/kubevirtInterfaces', interfaces],
  ['istio.io/reroute-virtual-interfaces', interfaces],
  ['prometheus.istio.io/merge-metrics', boolean],
  ['proxy.istio.io/config', proxyConfig],
  ['sidecar.istio.io/proxyCPU', quantity],
  ['sidecar.istio.io/proxyMemory', quantity],
  ['sidecar.istio.io/proxyCPULimit', quantity],
  ['sidecar.istio.io/proxyMemoryLimit', quantity],
])
