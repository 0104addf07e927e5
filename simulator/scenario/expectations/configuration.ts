// `configuration`: what a proxy holds at the end of the window: names of its listeners, routes, clusters, and hosts of its
// endpoints.
import { z } from 'zod'
import type { World } from '../../world/index.ts'
import { workloadOf } from '../directory.ts'
import { MeshMeter } from './mesh-meter.ts'
import { expectationKind, type Judgement } from './types.ts'

const Part = z.enum(['listeners', 'routes', 'clusters', 'endpoints'])

const Configuration = z.strictObject({
  /** Workload whose proxy is asked. */
  proxy: z.string(),
  namespace: z.string().optional(),
  part: Part,
  /** Names that must be there. */
  has: z.array(z.string()).optional(),
  /** Names that must not be there. */
  lacks: z.array(z.string()).optional(),
})
type ConfigurationSpec = z.output<typeof Configuration>

export const configuration = expectationKind({
  schema: Configuration,
  meter: spec => new ConfigurationMeter(spec),
})

class ConfigurationMeter extends MeshMeter {
  private readonly spec: ConfigurationSpec
  private names: ReadonlySet<string> | null = null

  constructor(spec: ConfigurationSpec) {
    super()
    this.spec = spec
  }

  inspect(world: World): void {
    const { proxy, namespace = 'default', part } = this.spec
    for (const pod of world.pods.values()) {
      if (pod.workload.namespace !== namespace) continue
      if (pod.workload.name !== proxy && workloadOf(pod.workload.name) !== proxy) continue
      const held = world.configuration(pod.id)
      if (held === null) continue
      const names = held[part].map(item => nameOf(item))
      this.names = new Set(names)
      return
    }
  }

  judge(): Judgement {
    const { proxy, part, has = [], lacks = [] } = this.spec
    const { names } = this
    const expected = `${part} of ${proxy}${has.length > 0 ? ` have ${has.join(', ')}` : ''}${lacks.length > 0 ? ` lack ${lacks.join(', ')}` : ''}`
    if (names === null) return { ok: false, expected, seen: 'there is no such proxy' }
    const missing = has.filter(name => !names.has(name))
    const surplus = lacks.filter(name => names.has(name))
    const words = [
      missing.length > 0 ? `missing ${missing.join(', ')}` : '',
      surplus.length > 0 ? `there: ${surplus.join(', ')}` : '',
    ].filter(word => word !== '')
    return { ok: words.length === 0, expected, seen: words.join('; ') || `so, ${names.size} in all` }
  }
}

function nameOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return ''
  const { name, clusterName } = item as { name?: unknown; clusterName?: unknown }
  return typeof name === 'string' ? name : typeof clusterName === 'string' ? clusterName : ''
}
