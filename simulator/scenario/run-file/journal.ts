// What was seen in a run, a line each: short enough to travel with a run file, plain enough to show where two runs part.
import { formatDuration } from '../../engine/index.ts'
import type { Observation, Recorder } from '../../observation/index.ts'

/** Lines kept; a longer run is told apart by its checkpoints alone from there on. */
const MOST_LINES = 20_000

const KINDS: ReadonlySet<Observation['kind']> = new Set(['client', 'stream', 'connection', 'push', 'ejection', 'mark'])

/** Keeps the first lines of a run. */
export class Journal implements Recorder {
  readonly lines: string[] = []
  /** False when there was more than could be kept. */
  complete = true

  wants(kind: Observation['kind']): boolean {
    return KINDS.has(kind)
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (this.lines.length < MOST_LINES) this.lines.push(observationInWords(observation))
    else this.complete = false
  }
}

/** One observation as a line: when it ended, of what kind, who, what, and how it ended. */
export function observationInWords(o: Observation): string {
  switch (o.kind) {
    case 'client':
      return line(o.end, `client ${o.source} ${o.method} ${o.url}`, outcome(o.status, [o.failure], ''), o.end - o.start)
    case 'stream':
      return line(
        o.end,
        `${o.direction} ${o.proxy} ${o.method} ${o.authority}${o.path}`,
        outcome(o.status, o.flags, o.details),
        o.end - o.start,
      )
    case 'connection':
      return line(
        o.end,
        `connection ${o.direction} ${o.proxy} ${o.cluster}`,
        outcome(null, o.flags, o.details),
        o.end - o.start,
      )
    case 'push':
      return line(o.at, `push ${o.proxy}`, o.nack === '' ? o.types.join(',') : `refused: ${o.nack}`, o.convergence)
    case 'ejection':
      return line(o.at, `${o.ejected ? 'ejected' : 'back'} ${o.proxy} ${o.cluster} ${o.host}`, o.why, 0)
    case 'mark':
      return line(o.at, 'mark', o.what, 0)
    default:
      return line('at' in o ? o.at : o.end, o.kind, '', 0)
  }
}

function line(at: number, who: string, end: string, took: number): string {
  return `${formatDuration(at)} ${who}${end === '' ? '' : ` -> ${end}`}${took === 0 ? '' : ` in ${formatDuration(took)}`}`
}

function outcome(status: number | null, flags: readonly string[], details: string): string {
  return [status === null ? '' : String(status), flags.join(','), details].filter(word => word !== '').join(' ')
}
