// The door of the diagnostics room.
export { codes } from './codes.ts'
export { type PrintOptions, printDiagnostics, sortDiagnostics } from './print.ts'
export type { Diagnostic, Level, Path, Position } from './types.ts'
