// `log`: lines of Envoy's access log, as the proxy of a workload writes them in Istio's text format.
import { z } from 'zod'
import { accessLogLine, connectionLogLine, type Observation } from '../../observation/index.ts'
import { workloadOf } from '../directory.ts'
import { boundFields, boundsInWords, within } from './bounds.ts'
import { expectationKind, type Judgement, type Meter, type MeterContext } from './types.ts'

const Log = z.strictObject({
  /** Workload whose proxy writes the line: `reviews-v2`; any when absent. */
  proxy: z.string().optional(),
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
  readonly looksAt = ['stream', 'connection'] as const
  private readonly spec: LogSpec
  private readonly context: MeterContext
  private readonly pattern: RegExp
  private lines = 0
  private held = 0
  private first = ''

  constructor(spec: LogSpec, context: MeterContext) {
    this.spec = spec
    this.context = context
    this.pattern = new RegExp(spec.matches)
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'stream' && observation.kind !== 'connection') return
    if (observation.start < this.context.from || observation.start >= this.context.to) return
    const { proxy } = this.spec
    if (proxy !== undefined && workloadOf(observation.proxy.split('.')[0] ?? '') !== proxy) return
    this.lines++
    const line = observation.kind === 'stream' ? accessLogLine(observation) : connectionLogLine(observation)
    if (!this.pattern.test(line)) return
    if (this.held++ === 0) this.first = line
  }

  judge(): Judgement {
    const bounds = this.spec.equals ?? this.spec.min ?? this.spec.max
    const wanted = bounds === undefined ? { min: 1 } : this.spec
    return {
      ok: within(this.held, wanted),
      expected: `lines of ${this.spec.proxy ?? 'any proxy'} that match /${this.spec.matches}/ ${boundsInWords(wanted)}`,
      seen: `${this.held} of ${this.lines} lines${this.first === '' ? '' : `, first: ${this.first}`}`,
    }
  }
}
