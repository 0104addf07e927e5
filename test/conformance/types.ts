// One conformance case: it passed, or what was expected and what we got instead (one line each).
export interface CaseResult {
  id: string
  passed: boolean
  expected: string
  got: string
}

/** Runs every case below `dir` (a suite's folder, one area of it, or a folder of the same format elsewhere). */
export type SuiteRunner = (dir: string, report: (result: CaseResult) => void) => Promise<void>
