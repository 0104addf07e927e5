// `log`: lines of Envoy's access log. Either of every request that a proxy saw, in Istio's text format, or (`written`) those
// that the mesh's configuration has it write, in the format configured.
import { z } from 'zod'
import { accessLogLine, type Observation } from '../../observation/index.ts'
import { workloadOf } from '../directory.ts'
import { boundFields, boundsInWords, within } from './bounds.ts'
import { expectationKind, type Judgement, type Meter, type MeterContext } from './types.ts'

const Log = z.strictObject({
  /** Workload whose proxy writes the line: `reviews-v2`; any when absent. */
  proxy: z.string().optional(),
  /** Only lines that the proxy writes by its configuration (accessLogFile, Telemetry), in the format configured. */
  written: z.boolean().optional(),
  /** A regular expression that the line matches somewhere. */
  matches: z.string().refine(isPattern, 'is no regular expression'),
  ...boundFields,
})
type LogSpec = z.output<typeof Log>

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}

export const log = expectationKind({
  schema: Log,
  meter: (spec, context) => new LogMeter(spec, context),
})

class LogMeter implements Meter {
  readonly looksAt: readonly Observation['kind'][]
  private readonly spec: LogSpec
  private readonly context: MeterContext
  private readonly pattern: RegExp
  private lines = 0
  private held = 0
  /** The first line that matches, or until then the first of all. */
  private example = ''

  constructor(spec: LogSpec, context: MeterContext) {
    this.spec = spec
    this.looksAt = spec.written === true ? ['log'] : ['stream', 'connection']
    this.context = context
    this.pattern = new RegExp(spec.matches)
  }

  observe(observation: Observation): void {
    const line = lineOf(observation, this.context)
    if (line === null) return
    const { proxy } = this.spec
    const of = 'proxy' in observation ? observation.proxy : ''
    if (proxy !== undefined && workloadOf(of.split('.')[0] ?? '') !== proxy) return
    if (this.lines++ === 0) this.example = line
    if (!this.pattern.test(line)) return
    if (this.held++ === 0) this.example = line
  }

  judge(): Judgement {
    const bounds = this.spec.equals ?? this.spec.min ?? this.spec.max
    const wanted = bounds === undefined ? { min: 1 } : this.spec
    return {
      ok: within(this.held, wanted),
      expected: `${this.spec.written === true ? 'written ' : ''}lines of ${this.spec.proxy ?? 'any proxy'} that match /${this.spec.matches}/ ${boundsInWords(wanted)}`,
      seen: `${this.held} of ${this.lines} lines${this.example === '' ? '' : `, first: ${this.example}`}`,
    }
  }
}

/** null: no line, or one outside of the window (by when the request began; a written line by when it was written). */
function lineOf(observation: Observation, { from, to }: MeterContext): string | null {
  const inside = (at: number) => at >= from && at < to
  if (observation.kind === 'log') return inside(observation.at) ? observation.line.trimEnd() : null
  if (observation.kind !== 'stream' && observation.kind !== 'connection') return null
  return inside(observation.start) ? accessLogLine(observation) : null
}
