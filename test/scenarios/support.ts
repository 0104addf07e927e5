// What the scenario tests use of the house.
import { MemoryRecorder } from '../../simulator/observation/index.ts'

export { createSimulation, loadScenario, reportOf, runScenario } from '../../simulator/scenario/index.ts'

/** A viewer that wants everything, trails too. */
export function MemoryRecorderOf(): MemoryRecorder {
  return new MemoryRecorder({ trails: true })
}
