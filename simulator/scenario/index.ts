// Door of the room: scenario files, the living simulation, its report.
export { describePod, describeService } from './access/describe.ts'
export { type AccessCell, type AccessMatrix, type AccessOptions, accessMatrix } from './access/matrix.ts'
export {
  type AccessChange,
  accessChanges,
  changesTable,
  csvTable,
  markdownTable,
  matrixTable,
} from './access/print-matrix.ts'
export { callsOf } from './calls.ts'
export { partyOf, workloadOf } from './directory.ts'
export type { Examination, ExamineOptions, Remark } from './examine.ts'
export { examine } from './examine.ts'
export type { Verdict } from './expectations/index.ts'
export type { ExpectationSpec } from './expectations/schema.ts'
export { type ExplainOptions, type Explanation, explain, printExplanation } from './explain.ts'
export type { LoadedScenario } from './load-scenario.ts'
export { bareScenario, loadScenario } from './load-scenario.ts'
export { type Moment, parseMoment, type Stop, simulationAt, stopInWords } from './moment/moment.ts'
export { type MeshState, printState, stateOf } from './moment/state.ts'
export { placeOf } from './place.ts'
export type { PrintReportOptions } from './print.ts'
export { printReport } from './print.ts'
export { printStudy } from './print-seeds.ts'
export type { Report, RunOptions, RunResult, TrafficRow } from './report.ts'
export { MODEL, reportOf, runScenario, VERSION } from './report.ts'
export { htmlReport } from './reports/html.ts'
export { formatReports, REPORT_FORMATS, type ReportFormat } from './reports/index.ts'
export { printReplay, type Replay, replayRun } from './run-file/replay.ts'
export {
  parseRunFile,
  type Recorded,
  type RunFile,
  type RunInputs,
  recordRun,
  scenarioOfRun,
} from './run-file/run-file.ts'
export type { ScenarioSpec, WorkloadBehaviourSpec } from './schema.ts'
export { ScenarioDocument, scenarioJsonSchema } from './schema.ts'
export { type Estimate, estimate, type SeedStudy, studyOf } from './seeds.ts'
export type { FailureSpec } from './shrink/failure.ts'
export { type ShrinkOptions, type Shrunk, shrink } from './shrink/shrink.ts'
export type { SimulationOptions, SimulationResult } from './simulation.ts'
export { createSimulation, Simulation } from './simulation.ts'
export type { TimelineEventSpec } from './timeline/schema.ts'
export { grid, parseVariable, type Variable, withValue } from './vary.ts'
