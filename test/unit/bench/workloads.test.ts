import { describe, expect, test } from 'vitest'
import { behaviourOf, meshYaml, WORKLOADS } from '../../../simulator/bench/workloads.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { checkBehaviour } from '../../../simulator/world/apps/index.ts'

describe('the benchmark as a mesh', () => {
  test.each(['chain', 'mesh'] as const)('%s loads without a finding and behaves', name => {
    const workload = WORKLOADS[name]
    const loaded = loadResources([{ name: `${name}.yaml`, content: meshYaml(workload) }])
    expect(loaded.diagnostics.filter(d => d.level !== 'info').map(d => d.message)).toEqual([])
    expect(loaded.resources.length).toBe(1 + 4 * workload.services.length)
    for (const service of workload.services) expect(checkBehaviour(behaviourOf(service))).toBeNull()
  })

  test('the weights of the versions of every service make a hundred', () => {
    for (const service of [...WORKLOADS.chain.services, ...WORKLOADS.mesh.services])
      expect(service.versions.reduce((sum, version) => sum + version.weight, 0)).toBe(100)
  })
})
