// Documents alone say nothing of traffic. So that a mesh without a scenario lives all the same, a little load is derived
// from what its gateways serve: each HTTP route of a VirtualService is asked for from the internet. Said in the report.
import type { HTTPRoute } from '../resources/index.ts'
import type { World } from '../world/index.ts'
import type { LoadSpec, RequestSpec } from '../world/load/index.ts'

/** Requests per second through each gateway. */
const RATE = 10

type Snapshot = World['snapshot']
type GatewayConfig = ReturnType<Snapshot['gatewaysFor']>[number]

/** A path that the route matches: exact and prefix as written, `/` where only other things are asked. */
function pathsOf(route: HTTPRoute): string[] {
  const paths = (route.match ?? []).map(match => match.uri?.exact ?? match.uri?.prefix ?? '/')
  return paths.length === 0 ? ['/'] : paths
}

const concrete = (host: string): string => (host.startsWith('*') ? host.replace('*', 'www').replace(/^www$/, '') : host)

/** `namespace/host` or `host` of a server -> the host. */
const bareHost = (host: string): string => host.slice(host.indexOf('/') + 1)

function requestsOf(snapshot: Snapshot, gateway: GatewayConfig, fallbackHost: string, port: number): RequestSpec[] {
  const id = `${gateway.namespace}/${gateway.name}`
  const hosts = (gateway.spec.servers ?? []).flatMap(server => server.hosts ?? []).map(bareHost)
  const requests: RequestSpec[] = []
  for (const config of snapshot.virtualServices) {
    if (!config.spec.gateways.includes(id)) continue
    const named = [...config.spec.hosts, ...hosts].map(concrete).find(host => host !== '')
    const host = named ?? fallbackHost
    const paths = new Set(config.spec.http.flatMap(pathsOf))
    for (const path of paths) requests.push({ name: path, url: `http://${host}:${port}${path}`, host })
  }
  return requests
}

/** One load for each gateway pod that serves plain HTTP; none where no gateway is. */
export function derivedLoads(world: World): LoadSpec[] {
  const { snapshot } = world
  const loads: LoadSpec[] = []
  const done = new Set<string>()
  for (const service of snapshot.services) {
    const { selector } = service
    const pod = [...world.pods.values()].find(
      p =>
        p.workload.gateway &&
        selector !== null &&
        Object.entries(selector).every(([k, v]) => p.workload.labels[k] === v),
    )
    if (pod === undefined || done.has(pod.id)) continue
    done.add(pod.id)
    const { node } = pod
    if (node === null) continue
    const http = service.ports.find(port => port.protocol === 'HTTP' || port.protocol === 'HTTP2')
    if (http === undefined) continue
    const via = `${service.name}.${service.namespace}`
    const requests = snapshot.gatewaysFor(node).flatMap(gateway => requestsOf(snapshot, gateway, via, http.port))
    if (requests.length > 0) loads.push({ name: via, source: 'internet', via, pattern: { poisson: RATE }, requests })
  }
  return loads
}
