// The session over a real simulation: the one place of this room that brings a mesh to life.
import { parseDuration } from '../engine/index.ts'
import type { SourceFile } from '../resources/types.ts'
import { createSimulation, MODEL, type ScenarioSpec, VERSION } from '../scenario/index.ts'
import { castOf } from './cast-of.ts'
import { FrameSource } from './session.ts'

export interface FrameSourceOptions {
  scenario: ScenarioSpec
  /** Documents of the mesh. */
  files: readonly SourceFile[]
  /** Overrides the scenario's. */
  seed?: string
}

/** Never throws for a user's documents: where they forbid a mesh, the frames carry the diagnostics. */
export function createFrameSource(options: FrameSourceOptions): FrameSource {
  const { scenario } = options
  const seed = options.seed ?? String(scenario.seed ?? '1')
  return new FrameSource({
    files: options.files,
    about: {
      version: VERSION,
      model: MODEL,
      name: scenario.name,
      title: scenario.title,
      seed,
      duration: parseDuration(scenario.duration) ?? 0,
      sentence: scenario.description ?? scenario.title,
    },
    start: (files, recorder) => {
      const { simulation, diagnostics } = createSimulation({ scenario, files, seed, recorder })
      if (simulation === null) return { mesh: null, diagnostics }
      const { world } = simulation
      return {
        diagnostics,
        mesh: {
          get now() {
            return simulation.now
          },
          runUntil: until => simulation.runUntil(until),
          step: () => simulation.step(),
          applyFiles: changed => simulation.applyFiles(changed),
          fingerprint: () => simulation.fingerprint(),
          cast: () => castOf(simulation),
          castMark: () => `${simulation.marks.length} ${[...world.pods.keys()].join(' ')}`,
          resources: () => world.currentResources(),
        },
      }
    },
  })
}
