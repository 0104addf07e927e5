// What a packet capture shows between two hops: ciphertext between sidecars, plain text where a rule switches it off.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { explain, loadScenario } from '../../../simulator/scenario/index.ts'

const folder = new URL('../../../scenarios/seed-redis-plaintext/', import.meta.url)
const { scenario } = loadScenario({ name: 's.yaml', content: readFileSync(new URL('scenario.yaml', folder), 'utf8') })
const files = readdirSync(new URL('mesh', folder)).map(name => ({
  name,
  content: readFileSync(new URL(`mesh/${name}`, folder), 'utf8'),
}))

const hops = (more = '') => {
  const { explanation } = explain({
    scenario: scenario!,
    files: [
      ...files.map(file => (more === '' ? file : { ...file, content: file.content.replace(/mode: DISABLE/, more) })),
    ],
    from: 'curl.default',
    request: { url: 'tcp://redis:6379', send: 'GET password' },
  })
  return explanation!.hops
}

describe('on the wire', () => {
  test('a rule that disables TLS lets everybody read', () => {
    const [first, second] = hops()
    expect([first!.wire.encrypted, second!.wire.encrypted]).toEqual([false, false])
    expect(second!.wire.lines).toContain('> GET password')
    expect(second!.handshake).toBeNull()
  })
  test('mutual TLS leaves the server name and ALPN in the clear, and no more', () => {
    const [first, second] = hops('mode: ISTIO_MUTUAL')
    // Within the pod the application speaks plain text.
    expect(first!.wire.encrypted).toBe(false)
    expect(second!.wire.encrypted).toBe(true)
    expect(second!.wire.lines.join('\n')).toContain('server name outbound_.6379_._.redis.default.svc.cluster.local')
    expect(second!.wire.lines.join('\n')).not.toContain('password')
    expect(second!.handshake?.outcome).toBe('done')
    expect(second!.onwards?.encrypted).toBe(false)
  })
})
