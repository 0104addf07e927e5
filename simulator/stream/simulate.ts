// The session over a real simulation: the one place of this room that brings a mesh to life.
import type { Diagnostic } from '../diagnostics/types.ts'
import { parseDuration } from '../engine/index.ts'
import type { SourceFile } from '../resources/types.ts'
import { createSimulation, MODEL, type ScenarioSpec, VERSION } from '../scenario/index.ts'
import { castOf } from './cast-of.ts'
import { proxyState } from './proxy-state.ts'
import { FrameSource } from './session.ts'
import type { Meshes, SessionOptions } from './session-options.ts'
import { cardOf, type Opened, openEntry, openFiles, type ShelfEntry } from './shelf.ts'

export interface FrameSourceOptions {
  scenario: ScenarioSpec
  /** Documents of the mesh. */
  files: readonly SourceFile[]
  /** Overrides the scenario's. */
  seed?: string
}

/**
 * Never throws for a user's documents: where they forbid a mesh, the frames carry the diagnostics. `shelf`: scenarios that
 * viewers may go over to.
 */
export function createFrameSource(options: FrameSourceOptions, shelf: readonly ShelfEntry[] = []): FrameSource {
  return new FrameSource(sessionOf(options), meshesOf(shelf))
}

function meshesOf(shelf: readonly ShelfEntry[]): Meshes {
  const begun = (opened: Opened): SessionOptions | Diagnostic[] =>
    'options' in opened ? sessionOf(opened.options) : opened.diagnostics
  return {
    cards: () => shelf.map(cardOf),
    scenario: (name, seed) => {
      const entry = shelf.find(one => one.name === name)
      return entry === undefined ? `there is no scenario named ${name}` : begun(openEntry(entry, seed))
    },
    files: (files, seed) => begun(openFiles(files, seed)),
  }
}

function sessionOf(options: FrameSourceOptions): SessionOptions {
  const { scenario } = options
  const seed = options.seed ?? String(scenario.seed ?? '1')
  return {
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
          proxy: (pod, knowledge) => proxyState(simulation, pod, knowledge),
        },
      }
    },
  }
}
