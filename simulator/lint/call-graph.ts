// Calls as the callers' proxies carry them out: which rules a request may take, how often each tries, where it ends.
// "May": of rules that ask for more than a path, nothing is proved, so that every one that the path allows counts.
import { RE2JS } from 're2js'
import { hostMatches, resolveShortName, type Service, subsetOf, type VirtualServiceConfig } from '../registry/index.ts'
import type { Gateway } from '../resources/networking/gateway.ts'
import type { HTTPMatchRequest, HTTPRoute } from '../resources/networking/virtual-service.ts'
import { endpointsOf } from './subsets.ts'
import type { Call, LintedMesh } from './types.ts'

/** One way that a call may take. */
export interface Hop {
  call: Call
  /** Null: no rule, the proxy's defaults (or the caller has no proxy). */
  rule: { config: VirtualServiceConfig; index: number; route: HTTPRoute } | null
  service: Service
  /** Tries of the caller's proxy, the first included. */
  tries: number
}

/** What the proxies try when a rule does not say. */
const DEFAULT_RETRIES = 2

function regexMatches(regex: string, path: string): boolean {
  try {
    return RE2JS.compile(regex).matcher(path).matches()
  } catch {
    return false
  }
}

function pathAllowed({ uri, ignoreUriCase }: HTTPMatchRequest, path: string): boolean {
  if (uri === undefined) return true
  const fold = (text: string): string => (ignoreUriCase === true ? text.toLowerCase() : text)
  if (uri.exact !== undefined) return fold(uri.exact) === fold(path)
  if (uri.prefix !== undefined) return fold(path).startsWith(fold(uri.prefix))
  return uri.regex === undefined || regexMatches(uri.regex, path)
}

const ONLY_PATH = new Set(['uri', 'ignoreUriCase', 'name', 'statPrefix'])
const asksPathOnly = (match: HTTPMatchRequest): boolean => Object.keys(match).every(key => ONLY_PATH.has(key))

/** Rules in order, up to the first that surely takes the request. */
function possibleRules(config: VirtualServiceConfig, path: string): { index: number; route: HTTPRoute }[] {
  const found: { index: number; route: HTTPRoute }[] = []
  for (const [index, route] of config.spec.http.entries()) {
    const matches = (route.match ?? []).filter(match => pathAllowed(match, path))
    const always = (route.match ?? []).length === 0
    if (!always && matches.length === 0) continue
    found.push({ index, route })
    if (always || matches.some(asksPathOnly)) break
  }
  return found
}

function gatewaysOf(mesh: LintedMesh, { pods: [pod] }: Call): string[] {
  if (!pod.gateway) return ['mesh']
  return mesh
    .written<Gateway>('Gateway')
    .filter(({ spec }) => subsetOf(spec.selector, pod.labels))
    .map(({ resource, namespace }) => `${namespace}/${resource.metadata.name}`)
}

/** VirtualServices that may apply; of several for a host of the mesh the first does. */
function configsFor(mesh: LintedMesh, call: Call, host: string): readonly VirtualServiceConfig[] {
  const [pod] = call.pods
  const found = gatewaysOf(mesh, call)
    .flatMap(gateway => mesh.snapshot.virtualServicesFor(pod.namespace, gateway))
    .filter(({ spec }) => spec.hosts.some(pattern => hostMatches(pattern, host)))
  return pod.gateway ? [...new Set(found)] : found.slice(0, 1)
}

const isHttpPort = (service: Service, port: number): boolean =>
  service.ports.some(p => p.port === port && (p.protocol.startsWith('HTTP') || p.protocol.startsWith('GRPC')))

function hopsOf(mesh: LintedMesh, call: Call): Hop[] {
  const [pod] = call.pods
  const host = resolveShortName(call.host, pod.namespace)
  const own = mesh.snapshot.serviceDefinitions(host)[0]
  const proxied = pod.sidecar || pod.gateway
  const retries = mesh.snapshot.meshConfig.defaultHttpRetryPolicy?.attempts ?? DEFAULT_RETRIES
  const hops: Hop[] = []
  for (const config of proxied ? configsFor(mesh, call, host) : []) {
    for (const { index, route } of possibleRules(config, call.path)) {
      const tries = 1 + Math.max(0, route.retries === undefined ? retries : (route.retries.attempts ?? 0))
      for (const { destination } of route.route ?? []) {
        const service = mesh.snapshot.serviceDefinitions(destination.host)[0]
        if (service !== undefined) hops.push({ call, rule: { config, index, route }, service, tries })
      }
    }
  }
  if (hops.length > 0 || own === undefined) return hops
  const tries = proxied && isHttpPort(own, call.port) ? 1 + retries : 1
  return [{ call, rule: null, service: own, tries }]
}

/** All hops of the mesh's calls, in the order of the calls. */
export class CallGraph {
  readonly hops: readonly Hop[]
  private readonly addresses = new Map<Service, ReadonlySet<string>>()
  private readonly mesh: LintedMesh

  constructor(mesh: LintedMesh) {
    this.mesh = mesh
    this.hops = mesh.calls.flatMap(call => hopsOf(mesh, call))
  }

  /** Hops that lead to pods of this caller. */
  into(call: Call): Hop[] {
    return this.hops.filter(hop => hop.call.caller !== call.caller && this.reaches(hop.service, call))
  }

  /** Hops that the pods behind this service make. */
  onwards(service: Service): Hop[] {
    return this.hops.filter(hop => this.reaches(service, hop.call))
  }

  private reaches(service: Service, { pods }: Call): boolean {
    let known = this.addresses.get(service)
    if (known === undefined) {
      known = new Set(endpointsOf(this.mesh, service).map(({ address }) => address))
      this.addresses.set(service, known)
    }
    return pods.some(({ ip }) => known.has(ip))
  }
}
