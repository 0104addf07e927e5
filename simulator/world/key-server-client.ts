// How istiod reaches key servers: over the network, from outside of the mesh, so that a server that insists on mutual TLS
// gives it nothing.
import type { Scheduler } from '../engine/index.ts'
import type { HttpRequest, HttpResponse, Network } from '../wire/types.ts'
import { type CallObserver, HttpClient, parseUrl } from './apps/index.ts'
import { JwksResolver } from './control-plane/index.ts'

const NAMESPACE = 'istio-system'

export interface KeyServerNetwork {
  readonly engine: Scheduler
  externalClient(name: string): Network
  resolve(host: string, fromNamespace: string): string | null
}

export function jwksResolver(world: KeyServerNetwork, changed: () => void): JwksResolver {
  let client: HttpClient | null = null
  const fetch = (url: string, patience: number, done: (body: string | null) => void): void => {
    const target = parseUrl(url)
    if (target === null) {
      done(null)
      return
    }
    client ??= new HttpClient({
      scheduler: world.engine,
      network: world.externalClient('istiod'),
      resolve: host => world.resolve(host, NAMESPACE),
      keepAlive: false,
    })
    const { host, port, path } = target
    const tls = url.startsWith('https:') ? {} : null
    client.send(request(host, path), { host, port, tls }, patience, new Answer(done), 0)
  }
  return new JwksResolver({ scheduler: world.engine, fetch, changed })
}

const request = (authority: string, path: string): HttpRequest => ({
  ...{ method: 'GET', scheme: 'http', authority, path, headers: [], body: '' },
  ...{ protocol: 'HTTP/1.1', traceId: -1, parentSpan: 0 },
})

class Answer implements CallObserver {
  private readonly done: (body: string | null) => void

  constructor(done: (body: string | null) => void) {
    this.done = done
  }

  onOutcome(_subject: number, response: HttpResponse | null): void {
    this.done(response?.status === 200 ? response.body : null)
  }
}
