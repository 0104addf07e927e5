// What `export` writes of a run, by kind: each takes the finished (or stopped) run and gives text.
import {
  harLog,
  interactionsOf,
  otlpTraces,
  sequenceMermaid,
  sequenceSvg,
  trafficDot,
  trafficMermaid,
  trafficSvg,
} from '../export/index.ts'
import {
  accessLogLine,
  compileJsonFormat,
  type LoggedRecord,
  MemoryRecorder,
  type Observation,
  type StreamRecord,
} from '../observation/index.ts'
import { formatReports, htmlReport, REPORT_FORMATS, type Report, type Simulation, VERSION } from '../scenario/index.ts'
import { JSON_FIELDS } from '../xds/access-log-format.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'

/** A run as exports see it. */
export interface ExportedRun {
  simulation: Simulation
  report: Report
  memory: MemoryRecorder
  /** The request that a sequence shows, by the trace it belongs to; null: the first that a client sent. */
  traceId: number | null
}

interface Writer {
  what: string
  /** Kinds of observations that must be kept. */
  keeps: readonly Observation['kind'][]
  text(run: ExportedRun): string
}

const seconds = ({ simulation }: ExportedRun): number => simulation.now / 1_000_000
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Lines in order of time; of equal times, in the order in which they were written. */
const logged = ({ memory }: ExportedRun): LoggedRecord[] =>
  [...memory.of('stream'), ...memory.of('connection')].sort((a, b) => a.end - b.end)

const WRITERS: Readonly<Record<string, Writer>> = {
  'access-log': {
    what: "Envoy's access log of every proxy, Istio's text format",
    keeps: ['stream', 'connection'],
    text: run =>
      logged(run)
        .map(record => `${accessLogLine(record)}\n`)
        .join(''),
  },
  'access-log-json': {
    what: "the same in Istio's JSON format",
    keeps: ['stream', 'connection'],
    text: run =>
      logged(run)
        .map(compileJsonFormat(Object.fromEntries(JSON_FIELDS)))
        .join(''),
  },
  otlp: {
    what: 'spans as OTLP JSON',
    keeps: ['stream'],
    text: ({ memory, simulation }) => json(otlpTraces(memory.of('stream'), simulation.statistics.directory)),
  },
  har: {
    what: "the clients' requests as HAR 1.2",
    keeps: ['client'],
    text: ({ memory }) => json(harLog(memory.of('client'), { name: 'meshsim', version: VERSION })),
  },
  observations: {
    what: 'everything that was seen, a JSON object a line',
    keeps: ['stream', 'connection', 'client', 'served', 'push', 'ejection', 'policy', 'mark', 'log'],
    text: ({ memory }) => memory.observations.map(seen => `${JSON.stringify(seen)}\n`).join(''),
  },
  mermaid: {
    what: 'the graph of traffic for Mermaid',
    keeps: [],
    text: run => trafficMermaid(run.simulation.statistics.sorted(), seconds(run)),
  },
  dot: {
    what: 'the graph of traffic for Graphviz',
    keeps: [],
    text: run => trafficDot(run.simulation.statistics.sorted(), seconds(run)),
  },
  svg: {
    what: 'the graph of traffic as a picture',
    keeps: [],
    text: run => trafficSvg(run.simulation.statistics.sorted(), seconds(run)),
  },
  sequence: {
    what: 'one request as a Mermaid sequence diagram',
    keeps: ['stream', 'client'],
    text: run => sequenceMermaid(interactions(run)),
  },
  'sequence-svg': {
    what: 'one request as a picture',
    keeps: ['stream', 'client'],
    text: run => sequenceSvg(interactions(run)),
  },
  html: {
    what: 'a report as one page with plots',
    keeps: [],
    text: ({ report, simulation: { statistics } }) =>
      htmlReport({ report, edges: statistics.sorted(), clients: [...statistics.clients.values()] }),
  },
  ...Object.fromEntries(
    REPORT_FORMATS.map((format): [string, Writer] => [
      format,
      { what: `the report as ${format}`, keeps: [], text: ({ report }) => formatReports([report], format) },
    ]),
  ),
}

export const RUN_EXPORTS = Object.keys(WRITERS)

/** For `--help`: each kind and what it is. */
export const describeExports = (): string =>
  Object.entries(WRITERS)
    .map(([kind, { what }]) => `  ${kind.padEnd(16)} ${what}`)
    .join('\n')

/** Keeps what the kind needs, and no more. */
export const memoryFor = (kind: string): MemoryRecorder =>
  new MemoryRecorder({ kinds: WRITERS[kind]?.keeps ?? [], capacity: 2_000_000 })

export const exportText = (kind: string, run: ExportedRun): string => WRITERS[kind]!.text(run)

/** The calls of the chosen request. */
function interactions({ memory, simulation, traceId }: ExportedRun): ReturnType<typeof interactionsOf> {
  const id = traceId ?? memory.of('client').find(client => client.traceId !== 0)?.traceId
  const of = (stream: StreamRecord): boolean => stream.traceId === id
  const client = memory.of('client').find(candidate => candidate.traceId === id) ?? null
  const calls = interactionsOf(client, memory.of('stream').filter(of), simulation.statistics.directory)
  if (calls.length === 0) throw new CommandFailure(EXIT.inputData, 'no request was seen until then')
  return calls
}
