// A running mesh out of text, for tests that look at what its proxies do with one connection or request.
import type { DistributionSpec } from '../../../simulator/engine/index.ts'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources, meshConfigFrom } from '../../../simulator/resources/index.ts'
import type { FirstBytes, ServerConnection } from '../../../simulator/wire/types.ts'
import { World } from '../../../simulator/world/index.ts'

/** A pod with the label `app`, and a Service with one port. */
export const app = (name: string, port: string): string => `
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [${port}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {containers: [{name: app, ports: [{containerPort: 9000}]}]}
`

export function meshOf(text: string, network: { betweenPods?: DistributionSpec } = {}) {
  const { resources, diagnostics } = loadResources([{ name: 'mesh.yaml', content: text }])
  const errors = diagnostics.filter(found => found.level === 'error')
  if (errors.length > 0) throw new Error(errors.map(found => found.message).join('\n'))
  const recorder = new MemoryRecorder()
  const { meshConfig } = meshConfigFrom(resources)
  const world = new World({ seed: 'test', resources, meshConfig, recorder, network })
  return { world, recorder, pod: (name: string) => world.pod(`${name}.default`)! }
}

type Mesh = ReturnType<typeof meshOf>

/** A server of lines: says `greeting` first unless it is '', then answers each line with `got <line>`. */
export function serveLines(mesh: Mesh, name: string, greeting: string): void {
  const answer = (connection: ServerConnection) => (data: string) => connection.send(`got ${data}`)
  mesh.pod(name).listen(9000, {
    accept: (_attempt, connection) => {
      if (greeting !== '') connection.send(greeting)
      return {
        kind: 'accepted',
        hello: null,
        handler: { onRequest: () => {}, onData: answer(connection), onClosed: () => {} },
      }
    },
  })
}

/**
 * Dials a Service, says `line` unless it is '' (after `silence` s), and tells what was heard until `until` (s): `ms what`.
 */
export function talk(mesh: Mesh, from: string, to: string, line: string, until: number, silence = 0): string[] {
  const heard: string[] = []
  const { engine } = mesh.world
  const tell = (what: string) => heard.push(`${Math.floor(engine.now / 1000)} ${what}`)
  const firstBytes: FirstBytes = line === '' || silence > 0 ? 'none' : 'unknown'
  mesh.pod(from).network.dial(
    { ip: mesh.world.resolve(to, 'default')!, port: 9000, tls: null, firstBytes, bypassCapture: false },
    {
      onConnected: connection => {
        const speak = { onEvent: () => connection.send(line) }
        if (line !== '') engine.after(silence * 1_000_000, speak, 0, null)
      },
      onConnectFailure: failure => tell(failure),
      onData: data => tell(data),
      onClosed: how => tell(how),
    },
  )
  engine.runUntil(until * 1_000_000)
  return heard
}
