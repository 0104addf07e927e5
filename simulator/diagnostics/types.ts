// What a user's input did wrong, as values. Never thrown across a door; collected, sorted, printed at the rim.

export type Level = 'error' | 'warning' | 'info'

/** 1-based line and column. */
export interface Position {
  file: string
  line: number
  column: number
}

export type Path = readonly (string | number)[]

export interface Diagnostic {
  /** Istio's own code where Istio has one (IST0101), ours start with SIM. */
  code: string
  level: Level
  message: string
  /** `Kind namespace/name`, or '' when no resource is known. */
  resource: string
  /** Path of the field inside the document. */
  path: Path
  at: Position | null
  /** How to mend it. */
  hint?: string
  documentation?: string
}
