// What istiod's webhook refuses of a ServiceEntry, a WorkloadEntry and a WorkloadGroup (istio: pkg/config/validation).
import type { Path } from '../diagnostics/types.ts'
import type { ServiceEntryEndpoint } from '../resources/common.ts'
import type { Loose } from '../resources/loose.ts'
import type { ServiceEntry } from '../resources/networking/service-entry.ts'
import type { WorkloadGroup } from '../resources/networking/workload-group.ts'
import { isHttp, isTcp, isTls, parseProtocol } from '../resources/protocol.ts'
import {
  alphaSelector,
  exportTo,
  labelProblems,
  portNameProblem,
  portProblem,
  protocolProblem,
  report,
  UNIX,
  unixProblem,
} from './common.ts'
import { fqdnProblem, isIp, partialWildcardProblem, subnetProblem, wildcardProblem } from './hosts.ts'
import { probeHeaderProblem } from './http-headers.ts'
import type { Refusals } from './refusals.ts'

const autoAllocates = (spec: Loose<ServiceEntry>, labels: Readonly<Record<string, string>>): boolean =>
  (spec.resolution ?? 'NONE') !== 'NONE' &&
  labels['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() !== 'false'

export function validateServiceEntry(spec: Loose<ServiceEntry>, out: Refusals): void {
  if (!alphaSelector(spec.workloadSelector, 'service entry', out)) return
  const { hosts = [], addresses = [], endpoints = [], ports = [], resolution = 'NONE' } = spec
  const both = spec.workloadSelector !== undefined && endpoints.length > 0
  out.errorIf(both, ['spec'], 'only one of WorkloadSelector or Endpoints is allowed in Service Entry')
  out.errorIf(hosts.length === 0, ['spec'], 'service entry must have at least one host')
  for (const [i, host] of hosts.entries()) {
    const path: Path = ['spec', 'hosts', i]
    if (host === '*') out.error(path, `invalid host ${host}`)
    else {
      report(out, path, wildcardProblem(host))
      const partial = resolution === 'DYNAMIC_DNS' ? null : partialWildcardProblem(host)
      if (partial !== null) out.warn(path, partial)
    }
  }
  for (const [i, address] of addresses.entries()) {
    report(out, ['spec', 'addresses', i], subnetProblem(address))
  }
  const ranges = addresses.some(address => address.includes('/')) && resolution !== 'NONE' && resolution !== 'STATIC'
  out.errorIf(ranges, ['spec', 'addresses'], 'CIDR addresses are allowed only for NONE/STATIC resolution types')
  entryPorts(spec, out)
  const names = new Set(ports.map(port => port.name ?? ''))
  if (resolution === 'NONE') {
    const message = 'no endpoints should be provided for resolution type none'
    out.errorIf(endpoints.length > 0, ['spec', 'endpoints'], message)
    if (spec.workloadSelector !== undefined) {
      out.warn(['spec', 'workloadSelector'], 'workloadSelector should not be set when resolution mode is NONE')
    }
  } else if (resolution === 'STATIC') {
    for (const [i, endpoint] of endpoints.entries()) workload(endpoint, names, false, ['spec', 'endpoints', i], out)
  } else if (resolution === 'DYNAMIC_DNS') dynamicDns(spec, out)
  else resolvedByName(spec, names, out)
  const other = ports.some(port => {
    const protocol = parseProtocol(port.protocol ?? '')
    return !isHttp(protocol) && !isTls(protocol)
  })
  const mixed = resolution !== 'NONE' && hosts.length > 1 && other
  out.errorIf(mixed, ['spec', 'hosts'], 'multiple hosts provided with non-HTTP, non-TLS ports')
  exportTo(spec.exportTo, out, { serviceEntry: true })
}

function entryPorts(spec: Loose<ServiceEntry>, out: Refusals): void {
  const names = new Set<string>()
  const numbers = new Set<number>()
  const needAddress = (spec.addresses ?? []).length === 0 && !autoAllocates(spec, out.resource.metadata.labels)
  for (const [i, { name = '', number = 0, protocol = '', targetPort = 0 }] of (spec.ports ?? []).entries()) {
    const path: Path = ['spec', 'ports', i]
    out.errorIf(names.has(name), path, `service entry port name "${name}" already defined`)
    out.errorIf(numbers.has(number), path, `service entry port ${number} already defined`)
    names.add(name)
    numbers.add(number)
    if (targetPort !== 0) report(out, path, portProblem(targetPort))
    if (needAddress && (protocol === '' || protocol === 'TCP')) {
      const what = 'addresses are required for ports serving TCP (or unset) protocol'
      out.warn(path, `${what} when IP Autoallocation is not enabled`)
    }
    report(out, path, portNameProblem(name), protocolProblem(protocol), portProblem(number))
  }
}

function resolvedByName(spec: Loose<ServiceEntry>, names: ReadonlySet<string>, out: Refusals): void {
  const { hosts = [], endpoints = [], ports = [], addresses = [], resolution = 'DNS' } = spec
  if (endpoints.length === 0) {
    const problem = hosts.map(fqdnProblem).find(found => found !== null)
    const what = 'hosts must be FQDN or contain only prefix wildcards if no endpoints are provided'
    if (problem !== undefined) out.error(['spec', 'hosts'], `${what} for resolution mode ${resolution}, ${problem}`)
  }
  const many = resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1
  out.errorIf(many, ['spec', 'endpoints'], `there must only be 0 or 1 endpoint for resolution mode ${resolution}`)
  for (const [i, endpoint] of endpoints.entries()) {
    const path: Path = ['spec', 'endpoints', i]
    const address = endpoint.address ?? ''
    const known = isIp(address) || fqdnProblem(address) === null
    out.errorIf(!known, path, `endpoint address "${address}" is not a valid FQDN or an IP address`)
    report(out, path, ...labelProblems(endpoint.labels))
    endpointPorts(endpoint, names, path, out)
  }
  const tcp = ports.some(port => isTcp(parseProtocol(port.protocol ?? '')))
  if (addresses.length > 0 && tcp && hosts.length > 1) {
    const message = 'service entry can not have more than one host specified simultaneously with address and tcp port'
    out.warn(['spec', 'hosts'], message)
  }
}

const USABLE = ['HTTP', 'TLS', 'GRPC', 'HTTP2']

function dynamicDns(spec: Loose<ServiceEntry>, out: Refusals): void {
  const { hosts = [], endpoints = [], ports = [], addresses = [], location } = spec
  const none = 'at least one wildcard host must be provided for resolution type DYNAMIC_DNS'
  out.errorIf(hosts.length === 0, ['spec', 'hosts'], none)
  for (const host of hosts) {
    const message = 'host must be wildcarded for resolution mode DYNAMIC_DNS'
    out.errorIf(!host.startsWith('*'), ['spec', 'hosts'], message)
  }
  const addressed = 'addresses cannot be set for resolution type DYNAMIC_DNS'
  out.errorIf(addresses.length > 0, ['spec', 'addresses'], addressed)
  const listed = 'endpoints cannot be set for resolution type DYNAMIC_DNS'
  out.errorIf(endpoints.length > 0, ['spec', 'endpoints'], listed)
  for (const port of ports) {
    const usable = USABLE.includes(parseProtocol(port.protocol ?? ''))
    const message = 'only HTTP, TLS, GRPC, and HTTP2 protocols are supported for resolution type DYNAMIC_DNS'
    out.errorIf(!usable, ['spec', 'ports'], message)
  }
  const waypoint = out.resource.metadata.labels['istio.io/use-waypoint'] ?? ''
  const uses = waypoint !== '' && waypoint.toLowerCase() !== 'none'
  const message = 'location MESH_INTERNAL with resolution type DYNAMIC_DNS is not supported when using waypoints'
  out.errorIf(location === 'MESH_INTERNAL' && uses, ['spec', 'location'], message)
}

function endpointPorts(
  endpoint: Loose<ServiceEntryEndpoint>,
  names: ReadonlySet<string> | null,
  path: Path,
  out: Refusals,
): void {
  for (const [name, port = 0] of Object.entries(endpoint.ports ?? {})) {
    const unknown = names !== null && !names.has(name)
    out.errorIf(unknown, path, `endpoint port ${port} is not defined by the service entry`)
    report(out, path, portNameProblem(name), portProblem(port))
  }
}

function workload(
  entry: Loose<ServiceEntryEndpoint>,
  names: ReadonlySet<string> | null,
  fqdnAllowed: boolean,
  path: Path,
  out: Refusals,
): void {
  const { address = '', network = '' } = entry
  if (address === '') {
    if (network === '') {
      out.error(path, 'address is required')
      return
    }
    out.warn(path, `address is unset with network "${network}"`)
  }
  const unix = address.startsWith(UNIX)
  if (unix) {
    report(out, path, unixProblem(address.slice(UNIX.length)))
    const some = Object.keys(entry.ports ?? {}).length > 0
    out.errorIf(some, path, `unix endpoint ${address} must not include ports`)
  } else if (address !== '' && !isIp(address)) {
    const known = fqdnAllowed && fqdnProblem(address) === null
    const what = fqdnAllowed ? 'a valid FQDN or an IP address' : 'a valid IP address'
    out.errorIf(!known, path, `endpoint address "${address}" is not ${what}`)
  }
  endpointPorts(entry, names, path, out)
  report(out, path, ...labelProblems(entry.labels))
  const one = unix && names !== null && names.size !== 1
  out.errorIf(one, path, 'exactly 1 service port required for unix endpoints')
}

export function validateWorkloadEntry(spec: Loose<ServiceEntryEndpoint>, out: Refusals): void {
  workload(spec, null, true, ['spec'], out)
}

const PROBE_NUMBERS = [
  'periodSeconds',
  'initialDelaySeconds',
  'timeoutSeconds',
  'successThreshold',
  'failureThreshold',
] as const

export function validateWorkloadGroup(spec: Loose<WorkloadGroup>, out: Refusals): void {
  if (spec.template === undefined) {
    out.error(['spec'], 'template is required')
    return
  }
  const labels = labelProblems(spec.metadata?.labels)
  if (labels.length > 0) {
    out.error(['spec', 'metadata', 'labels'], `invalid labels: ${labels.join(', ')}`)
    return
  }
  const probe = spec.probe
  if (probe === undefined) return
  const path = ['spec', 'probe']
  for (const key of PROBE_NUMBERS) out.errorIf((probe[key] ?? 0) < 0, path, `${key} must be non-negative`)
  if (probe.httpGet !== undefined) {
    const { port = 0, scheme = '', httpHeaders = [] } = probe.httpGet
    report(out, path, portProblem(port))
    out.errorIf(!['', 'HTTP', 'HTTPS'].includes(scheme), path, 'httpGet.scheme must be one of "HTTPS", "HTTP"')
    report(out, path, ...httpHeaders.map(({ name = '' }) => probeHeaderProblem(name)))
  } else if (probe.tcpSocket !== undefined) report(out, path, portProblem(probe.tcpSocket.port ?? 0))
  else if (probe.exec !== undefined) {
    out.errorIf((probe.exec.command ?? []).length === 0, path, 'exec.command is required')
  } else out.error(path, `unknown health check method ${probe.grpc === undefined ? '<nil>' : 'grpc'}`)
}
