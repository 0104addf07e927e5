// What to say when a request was seen by no proxy at all: why nobody was there, and whom one would have reached.
import { didYouMean } from '../resources/nearest-name.ts'
import type { Resource } from '../resources/types.ts'

interface Asked {
  from: string
  url: string
  via: string | undefined
  failure: string
}

interface ServicePort {
  port?: number
}

const named = ({ metadata }: Resource): string => `${metadata.name}.${metadata.namespace}`

function spec(resource: Resource): { type?: string; ports: ServicePort[] } {
  const { type, ports } = (resource.spec ?? {}) as { type?: string; ports?: ServicePort[] | null }
  return { ...(type === undefined ? {} : { type }), ports: ports ?? [] }
}

const PUBLIC: ReadonlySet<string> = new Set(['LoadBalancer', 'NodePort'])

function fromOutside(host: string, services: readonly Resource[]): string {
  const gateways = services.filter(service => PUBLIC.has(spec(service).type ?? '')).map(named)
  if (gateways.length === 0)
    return `nothing is reachable from the internet: no Service is of type LoadBalancer; give one to a gateway`
  return `no address outside the mesh belongs to ${host}; send it to a gateway: --via ${gateways.join(' or --via ')}`
}

function fromInside(from: string, host: string, services: readonly Resource[]): string {
  const near = didYouMean(host, [...services.map(service => service.metadata.name), ...services.map(named)])
  const hint = near === null ? 'add a Service or a ServiceEntry for it' : `did you mean ${near}?`
  return `${from} finds no address for ${host}: ${hint}`
}

/** One sentence, '' where there is nothing to say. */
export function adviceFor({ from, url, via, failure }: Asked, resources: readonly Resource[]): string {
  const [, scheme = 'http', address = ''] = /^(\w+):\/\/([^/?#]*)/.exec(via === undefined ? url : `http://${via}`) ?? []
  const host = address.replace(/:\d+$/, '')
  const services = resources.filter(({ kind, apiVersion }) => kind === 'Service' && apiVersion === 'v1')
  if (failure === 'unreachable')
    return from === 'internet' ? fromOutside(host, services) : fromInside(from, host, services)
  if (failure !== 'refused') return ''
  const port = /:(\d+)$/.exec(/^\w+:\/\/([^/?#]*)/.exec(url)?.[1] ?? '')?.[1] ?? (scheme === 'https' ? '443' : '80')
  const service = services.find(one =>
    [one.metadata.name, named(one), `${named(one)}.svc.cluster.local`].includes(host),
  )
  const ports = service === undefined ? [] : spec(service).ports.map(({ port: number }) => number)
  const open =
    ports.length === 0 ? '' : `; its Service has ${ports.length > 1 ? 'the ports' : 'port'} ${ports.join(', ')}`
  return `nothing listens on port ${port} of ${host}${open}`
}
