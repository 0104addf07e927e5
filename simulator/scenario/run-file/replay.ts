// A recorded run run again, and the first place where the two are not the same.
import type { Diagnostic } from '../../diagnostics/types.ts'
import { formatDuration } from '../../engine/index.ts'
import { MODEL, type Report, VERSION } from '../report.ts'
import { type RunFile, recordRun } from './run-file.ts'

/** Where two runs part. */
export interface Divergence {
  /** Virtual time of the last checkpoint that was the same and of the first that was not, µs. */
  after: number
  until: number
  /** Events that both had run at the last equal checkpoint. */
  eventsAlike: number
  /** The first thing seen that is not the same; null: events differ, what was seen does not (as far as it was kept). */
  seen: {
    line: number
    /** null: this side had seen all. */
    recorded: string | null
    replayed: string | null
  } | null
}

export interface Replay {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'Replay'
  same: boolean
  divergence: Divergence | null
  /** What may explain a divergence: another version, another model. */
  notes: string[]
  report: Report
}

/** Null replay: the inputs have errors, told in the diagnostics. */
export function replayRun(recorded: RunFile): { replay: Replay | null; diagnostics: Diagnostic[] } {
  const { inputs, seed, duration } = recorded
  const { run, report, diagnostics } = recordRun({ inputs, seed, duration })
  if (run === null || report === null) return { replay: null, diagnostics }
  const divergence = divergenceOf(recorded, run)
  const notes = [
    recorded.version === VERSION ? '' : `recorded by version ${recorded.version}, this is ${VERSION}`,
    recorded.model === MODEL ? '' : `recorded for ${recorded.model}, this is ${MODEL}`,
  ].filter(note => note !== '')
  const replay: Replay = {
    apiVersion: 'meshsim.io/v1alpha1',
    kind: 'Replay',
    same: divergence === null,
    divergence,
    notes,
    report,
  }
  return { replay, diagnostics }
}

/** Null when fingerprint, checkpoints and everything seen are equal. */
export function divergenceOf(recorded: RunFile, replayed: RunFile): Divergence | null {
  const at = recorded.checkpoints.findIndex((point, i) => !equal(point, replayed.checkpoints[i]))
  const line = firstDifferent(recorded.journal, replayed.journal)
  if (at < 0 && line < 0 && recorded.fingerprint === replayed.fingerprint) return null
  const last = at < 0 ? recorded.checkpoints.at(-1) : recorded.checkpoints[at - 1]
  return {
    after: last?.[0] ?? 0,
    until: at < 0 ? recorded.duration : (recorded.checkpoints[at]?.[0] ?? recorded.duration),
    eventsAlike: last?.[1] ?? 0,
    seen:
      line < 0
        ? null
        : { line: line + 1, recorded: recorded.journal[line] ?? null, replayed: replayed.journal[line] ?? null },
  }
}

function equal(a: readonly unknown[], b: readonly unknown[] | undefined): boolean {
  return b !== undefined && a.every((part, i) => part === b[i])
}

function firstDifferent(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i
  return -1
}

/** As text for people. */
export function printReplay(recorded: RunFile, { divergence, notes, report }: Replay): string {
  const what = `${report.scenario}, seed ${report.seed}, ${formatDuration(recorded.duration)} of virtual time`
  if (divergence === null)
    return `✓ ${what}: the same run, ${report.events} events, fingerprint ${report.fingerprint}\n`
  const { after, until, eventsAlike, seen } = divergence
  const out = [
    `✗ ${what}: another run than the recorded one`,
    `  the first ${eventsAlike} events are alike; the first different one lies after ${formatDuration(after)} and not after ${formatDuration(until)}`,
  ]
  if (seen !== null) {
    out.push(`  first thing seen that differs (line ${seen.line} of the journal):`)
    out.push(`    recorded: ${seen.recorded ?? 'nothing more'}`, `    replayed: ${seen.replayed ?? 'nothing more'}`)
  } else out.push('  nothing that was seen differs as far as the journal goes')
  for (const note of notes) out.push(`  note: ${note}`)
  return `${out.join('\n')}\n`
}
