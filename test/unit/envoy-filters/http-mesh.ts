// Two pods with sidecars, a client that sends one request and a server that answers with what it was sent.

import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import type { Observation } from '../../../simulator/observation/types.ts'
import { loadResources, meshConfigFrom } from '../../../simulator/resources/index.ts'
import type { HttpRequest, HttpResponse } from '../../../simulator/wire/types.ts'
import { World } from '../../../simulator/world/index.ts'

/** A Service and its pod with a sidecar; without `ip` the world gives it one. */
export const served = (name: string, ip = ''): string => `
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 8000}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}, annotations: {sidecar.istio.io/inject: "true"}}
spec: {containers: [{name: app, ports: [{containerPort: 8000}]}]}${ip === '' ? '' : `\nstatus: {podIP: ${ip}}`}
`

const PODS = served('client', '10.1.0.1') + served('server', '10.1.0.2') + served('other', '10.1.0.3')

/** No connection to the server is used twice: every request is a handshake. */
export const FRESH = `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: server}
spec: {host: server, trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}}
`

/** An EnvoyFilter that puts an HTTP filter before the router of the client's sidecar; `more`: further patches. */
export function clientFilter(name: string, typedConfig: object, ...more: object[]): string {
  const manager = {
    name: 'envoy.filters.network.http_connection_manager',
    subFilter: { name: 'envoy.filters.http.router' },
  }
  const insert = {
    applyTo: 'HTTP_FILTER',
    match: { context: 'SIDECAR_OUTBOUND', listener: { filterChain: { filter: manager } } },
    patch: { operation: 'INSERT_BEFORE', value: { name, typed_config: typedConfig } },
  }
  const spec = { workloadSelector: { labels: { app: 'client' } }, configPatches: [insert, ...more] }
  const metadata = { name: 'client-filter' }
  return `\n---\n${JSON.stringify({ apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata, spec })}\n`
}

export function httpMesh(text: string, kinds: Observation['kind'][] = ['stream']) {
  const { resources, diagnostics } = loadResources([{ name: 'mesh.yaml', content: PODS + text }])
  const errors = diagnostics.filter(found => found.level === 'error')
  if (errors.length > 0) throw new Error(errors.map(found => found.message).join('\n'))
  const recorder = new MemoryRecorder({ kinds, trails: true })
  const { meshConfig } = meshConfigFrom(resources)
  const world = new World({ seed: 'test', resources, meshConfig, recorder })
  for (const name of ['server', 'other']) serveEcho(world, name)
  return { world, recorder }
}

type Mesh = ReturnType<typeof httpMesh>

/** Answers 200, or what the header `x-status` asks for: request line, header lines, body, each on a line. */
function serveEcho(world: World, name: string): void {
  world.pod(`${name}.default`)!.listen(8000, {
    accept: () => ({
      kind: 'accepted',
      hello: null,
      handler: {
        onRequest: (request, responder) => {
          const lines = request.headers.map(([key, value]) => `${key}: ${value}`)
          const status = Number(request.headers.find(([key]) => key === 'x-status')?.[1] ?? 200)
          const body = [`${request.method} ${request.authority}${request.path}`, ...lines, request.body].join('\n')
          const headers: [string, string][] = [['x-server', name]]
          responder.respond({ status, headers, body, trailers: null, protocol: request.protocol })
        },
        onData: () => {},
        onClosed: () => {},
      },
    }),
  })
}

/** Sends one request from the client's application and lets the time pass; the answer, or the words of the failure. */
export function ask(mesh: Mesh, part: Partial<HttpRequest> = {}, host = 'server', seconds = 30): HttpResponse | string {
  const { world } = mesh
  let got: HttpResponse | string = 'nothing'
  const request: HttpRequest = {
    method: 'GET',
    scheme: 'http',
    authority: `${host}:8000`,
    path: '/',
    headers: [],
    body: '',
    protocol: 'HTTP/1.1',
    traceId: 1,
    parentSpan: 0,
    ...part,
  }
  const target = { ip: world.resolve(host, 'default')!, port: 8000, tls: null, bypassCapture: false }
  world.pod('client.default')!.network.dial(
    { ...target, firstBytes: 'HTTP/1.1' },
    {
      onConnected: connection => {
        connection.request(request, {
          onResponse: response => {
            got = response
          },
          onReset: reason => {
            got = reason
          },
        })
      },
      onConnectFailure: failure => {
        got = failure
      },
      onData: () => {},
      onClosed: () => {},
    },
  )
  world.engine.runUntil(world.engine.now + seconds * 1_000_000)
  return got
}
