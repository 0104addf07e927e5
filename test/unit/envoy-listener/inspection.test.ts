// Servers that speak first behind ports whose protocol is guessed, and bytes that are no HTTP.
import { describe, expect, it } from 'vitest'
import { inspect } from '../../../simulator/envoy/inspection.ts'
import { app, meshOf, serveLines, talk } from './mesh.ts'

const CLIENT = app('client', '{name: http, port: 80}')
const MESH_CONFIG = (timeout: string): string => `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    protocolDetectionTimeout: ${timeout}
`

describe('a server that speaks first', () => {
  it('is never heard where the protocol is guessed: the proxy waits for the client without a limit', () => {
    const mesh = meshOf(CLIENT + app('echo', '{port: 9000}'))
    serveLines(mesh, 'echo', 'hello')
    expect(talk(mesh, 'client', 'echo', '', 600)).toEqual([])
  })
  it('is heard after protocolDetectionTimeout', () => {
    const mesh = meshOf(CLIENT + app('echo', '{port: 9000}') + MESH_CONFIG('2s'))
    serveLines(mesh, 'echo', 'hello')
    expect(talk(mesh, 'client', 'echo', '', 600)).toEqual([expect.stringMatching(/^20\d\d hello$/)])
  })
  it('is heard at once on a port that says tcp', () => {
    const mesh = meshOf(CLIENT + app('echo', '{name: tcp-echo, port: 9000}'))
    serveLines(mesh, 'echo', 'hello')
    expect(talk(mesh, 'client', 'echo', '', 600)).toEqual([expect.stringMatching(/^\d hello$/)])
  })
  it('takes the bytes of a client that speaks after all', () => {
    const mesh = meshOf(CLIENT + app('echo', '{port: 9000}'))
    serveLines(mesh, 'echo', '')
    expect(talk(mesh, 'client', 'echo', 'ping', 600, 5)).toEqual([expect.stringMatching(/^500\d got ping$/)])
  })
})

describe('bytes that are no HTTP', () => {
  it('are answered 400 on a port that says http, and the connection ends', () => {
    const mesh = meshOf(CLIENT + app('web', '{name: http, port: 9000}'))
    serveLines(mesh, 'web', '')
    const heard = talk(mesh, 'client', 'web', 'ping', 600)
    expect(heard).toEqual([expect.stringMatching(/^\d HTTP\/1\.1 400 Bad Request\r\n/), expect.stringMatching(/fin$/)])
    const refused = mesh.recorder.of('stream').find(({ details }) => details === 'http1.codec_error')
    expect(refused).toMatchObject({ direction: 'inbound', status: 400, flags: ['DPE'] })
  })
})

describe('what the inspectors see', () => {
  it.each([
    ['GET / HTTP/1.1\r\nhost: a\r\n\r\n', 'HTTP/1.1'],
    ['OPTIONS * HTTP/1.0\r\n', 'HTTP/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/2'],
    ['EHLO a\r\n', 'unknown'],
    ['get / HTTP/1.1\r\n', 'unknown'],
  ])('%j is %s', (data, seen) => {
    expect(inspect(data)).toBe(seen)
  })
})
