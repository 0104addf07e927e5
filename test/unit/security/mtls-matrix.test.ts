// Mode of the server's PeerAuthentication x the client's DestinationRule x which side has a sidecar: what both clients get.
// Failures are recorded of real Envoys, but one: SIMPLE to a server of plain text is taken to fail in the words of ISTIO_MUTUAL to it.
import { describe, expect, test } from 'vitest'
import { ask } from './mesh.ts'

const pod = (name: string, annotations = '{}') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} }, annotations: ${annotations} }
spec: { serviceAccountName: ${name}, containers: [{ name: app, ports: [{ containerPort: 8000 }] }] }
---`
const NONE = '{ sidecar.istio.io/inject: "false" }'
const mesh = (server: string, modeYaml: string, tls: string) => `
apiVersion: v1
kind: Service
metadata: { name: server, namespace: default }
spec: { selector: { app: server }, ports: [{ name: http, port: 8000 }] }
---${pod('server', server)}${pod('client')}${pod('legacy', NONE)}
${modeYaml}${
  tls === ''
    ? ''
    : `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: server, namespace: default }
spec: { host: server, trafficPolicy: { tls: { mode: ${tls} } } }
---`
}`
const peer = (m: string) =>
  m === ''
    ? ''
    : `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: default }
spec: { mtls: { mode: ${m} } }
---`

const WRONG_VERSION = 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'
const RESET = 'TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end'

/** TLS mode of the DestinationRule -> what the client with a sidecar gets: flags and upstream transport failure when it is no 200. */
type Row = Record<'' | 'DISABLE' | 'SIMPLE' | 'ISTIO_MUTUAL', 200 | [flags: string, failure: string]>
const plainServer: Row = {
  '': 200,
  DISABLE: 200,
  SIMPLE: ['URX,UF', WRONG_VERSION],
  ISTIO_MUTUAL: ['URX,UF', WRONG_VERSION],
}
const SIDECAR: Record<string, Partial<Row>> = {
  // A DestinationRule with SIMPLE against STRICT is not recorded: it is tried below for its status alone.
  STRICT: { '': 200, DISABLE: ['UC', ''], ISTIO_MUTUAL: 200 },
  PERMISSIVE: { '': 200, DISABLE: 200, SIMPLE: ['URX,UF', RESET], ISTIO_MUTUAL: 200 },
  DISABLE: plainServer,
}

function call(server: string, mode: string, tls: string) {
  const asks = ['client.default', 'legacy.default'].map(from => ({ from, url: 'http://server:8000/' }))
  const { answers, recorder } = ask(mesh(server, peer(mode), tls), asks, { duration: '5s' })
  const stream = recorder.of('stream').find(record => record.direction === 'outbound')!
  const [client, legacy] = answers.map(answer => answer.failure || answer.status)
  return {
    client: client === 503 ? [stream.flags.join(), stream.upstreamTransportFailure] : client,
    legacy,
    status: client,
  }
}
const cells = (row: Partial<Row>) => Object.entries(row)

describe('a server with a sidecar', () => {
  for (const [mode, row] of Object.entries(SIDECAR))
    test.each(cells(row))(`${mode}, DestinationRule '%s'`, (tls, expected) => {
      const { client, legacy } = call('{}', mode, tls)
      expect({ client, legacy }).toEqual({ client: expected, legacy: mode === 'STRICT' ? 'reset' : 200 })
    })
  test('STRICT takes no TLS without a certificate', () => {
    expect(call('{}', 'STRICT', 'SIMPLE').status).toBe(503)
  })
})

describe('a server without a sidecar takes plain text only, whatever its policy says', () => {
  for (const mode of ['STRICT', 'PERMISSIVE', 'DISABLE'])
    test.each(cells(plainServer))(`${mode}, DestinationRule '%s'`, (tls, expected) => {
      const { client, legacy } = call(NONE, mode, tls)
      expect({ client, legacy }).toEqual({ client: expected, legacy: 200 })
    })
})
