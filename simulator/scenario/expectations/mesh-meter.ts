// The base of meters that look at the mesh itself at the end of the window, and at no request.
import type { World } from '../../world/index.ts'
import type { Judgement, Meter } from './types.ts'

export abstract class MeshMeter implements Meter {
  readonly looksAt = [] as const

  observe(): void {
    // Nothing is looked at on the way.
  }

  abstract inspect(world: World): void

  abstract judge(): Judgement
}
