import { describe, expect, it } from 'vitest'
import { createRandomTree, Engine } from '../../../simulator/engine/index.ts'
import type { Workload } from '../../../simulator/registry/types.ts'
import type { Resource } from '../../../simulator/resources/types.ts'
import type { Acceptor, ClientHello, HttpRequest } from '../../../simulator/wire/types.ts'
import { CaptureRules } from '../../../simulator/world/capture.ts'
import { Fabric } from '../../../simulator/world/fabric.ts'
import { WorldPod } from '../../../simulator/world/pod.ts'
import { ServiceTable } from '../../../simulator/world/services.ts'

const CERTIFICATE = { sans: ['a.example.com'], issuer: 'root', notBefore: 0, notAfter: 1, subject: '' }

function workload(name: string, ip: string): Workload {
  return {
    name,
    namespace: 'default',
    ip,
    labels: { app: name },
    serviceAccount: name,
    containerPorts: [{ name: 'web', port: 8080, protocol: 'TCP' }],
    locality: { region: '', zone: '', subzone: '' },
    ready: true,
    terminating: false,
    sidecar: false,
    gateway: false,
    node: '',
  }
}

function service(name: string, spec: unknown): Resource {
  const metadata = { name, namespace: 'default', labels: {}, annotations: {}, creationTimestamp: null, order: 0 }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec, status: null, locate: () => null }
}

function request(): HttpRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'b',
    path: '/',
    headers: [],
    body: '',
    protocol: 'HTTP/1.1',
    traceId: 1,
    parentSpan: 0,
  }
}

function answering(tls: boolean): Acceptor {
  return {
    accept: () => ({
      kind: 'accepted',
      hello: tls ? { alpn: null, certificate: CERTIFICATE } : null,
      handler: {
        onRequest: (_request, responder) =>
          responder.respond({ status: 200, headers: [], body: 'b', trailers: null, protocol: 'HTTP/1.1' }),
        onData: () => {},
        onClosed: () => {},
      },
    }),
  }
}

function twoPods() {
  const engine = new Engine()
  const a = workload('a', '10.0.0.1')
  const b = workload('b', '10.0.0.2')
  const services = new ServiceTable(
    [service('b', { clusterIP: '10.96.0.1', selector: { app: 'b' }, ports: [{ port: 80, targetPort: 'web' }] })],
    [a, b],
    new Map(),
  )
  const fabric = new Fabric(engine, createRandomTree('t'), {}, services)
  const pods = [a, b].map(w => {
    const pod = new WorldPod(fabric, `${w.name}.default`, w, {}, new CaptureRules({}), false)
    fabric.attach(pod)
    return pod
  })
  const [from, to] = pods
  if (from === undefined || to === undefined) throw new Error('no pods')
  return { engine, fabric, from, to }
}

/** Dials, sends one request and tells what happened when. */
function talk(mesh: ReturnType<typeof twoPods>, ip: string, port: number, tls: ClientHello | null, cut = false) {
  const seen: string[] = []
  const at = (what: string) => seen.push(`${mesh.engine.now} ${what}`)
  mesh.from.dial(
    { ip, port, tls, firstBytes: 'HTTP/1.1', bypassCapture: false },
    {
      onConnected: connection => {
        at('connected')
        connection.request(request(), {
          onResponse: response => at(String(response.status)),
          onReset: reason => at(reason),
        })
        if (cut) mesh.fabric.detach(mesh.to)
      },
      onConnectFailure: (failure, detail) => at(`${failure} ${detail}`.trim()),
      onData: () => {},
      onClosed: how => at(how),
    },
  )
  mesh.engine.runUntil(200_000_000)
  return seen
}

const hello = (verify: ClientHello['verify']): ClientHello => ({ sni: '', alpn: [], certificate: null, verify })

describe('the network between pods', () => {
  it('connects in one round trip and answers in another', () => {
    const mesh = twoPods()
    mesh.to.listen(8080, answering(false))
    expect(talk(mesh, '10.0.0.2', 8080, null)).toEqual(['500 connected', '1000 200'])
  })

  it('takes one more round trip under TLS', () => {
    const mesh = twoPods()
    mesh.to.listen(8080, answering(true))
    expect(
      talk(
        mesh,
        '10.0.0.2',
        8080,
        hello(() => null),
      ),
    ).toEqual(['1000 connected', '1500 200'])
  })

  it('fails when the dialler dislikes the certificate', () => {
    const mesh = twoPods()
    mesh.to.listen(8080, answering(true))
    expect(
      talk(
        mesh,
        '10.0.0.2',
        8080,
        hello(() => 'wrong name'),
      ),
    ).toEqual(['1000 tls wrong name'])
  })

  it('maps a service address and a named target port to a ready pod', () => {
    const mesh = twoPods()
    mesh.to.listen(8080, answering(false))
    expect(talk(mesh, '10.96.0.1', 80, null)).toEqual(['500 connected', '1000 200'])
  })

  it('refuses a port that nobody listens at, on a pod and on a service', () => {
    const mesh = twoPods()
    expect(talk(mesh, '10.0.0.2', 8080, null)).toEqual(['500 refused'])
    expect(talk(twoPods(), '10.96.0.1', 81, null)).toEqual(['500 refused'])
  })

  it('lets a dial to an address that nobody has hang until patience ends', () => {
    expect(talk(twoPods(), '10.0.0.9', 80, null)).toEqual(['127000000 unreachable'])
  })

  it('resets what was open when a pod dies', () => {
    const mesh = twoPods()
    mesh.to.listen(8080, answering(false))
    expect(talk(mesh, '10.0.0.2', 8080, null, true)).toEqual(['500 connected', '750 connection termination', '750 rst'])
  })

  it('resolves a service from its own namespace by its short name only', () => {
    const { fabric } = twoPods()
    const dice = createRandomTree('t').stream('d')
    expect(fabric.services.resolve('b', 'default', dice)).toBe('10.96.0.1')
    expect(fabric.services.resolve('b', 'other', dice)).toBeNull()
    expect(fabric.services.resolve('b.default.svc.cluster.local', 'other', dice)).toBe('10.96.0.1')
  })
})

describe('capture', () => {
  it('leaves excluded ports and ranges alone', () => {
    const rules = new CaptureRules({
      'traffic.sidecar.istio.io/excludeOutboundPorts': '3306, 6379',
      'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.1.0.0/16',
      'traffic.sidecar.istio.io/excludeInboundPorts': '9000',
    })
    expect(rules.outbound('10.2.0.1', 3306)).toBe(false)
    expect(rules.outbound('10.1.2.3', 80)).toBe(false)
    expect(rules.outbound('10.2.0.1', 80)).toBe(true)
    expect(rules.inbound(9000)).toBe(false)
    expect(rules.inbound(15020)).toBe(false)
    expect(rules.inbound(8080)).toBe(true)
  })
})
