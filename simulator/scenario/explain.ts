// One request sent into the mesh, and every decision on its way: which listener, chain, virtual host, route (and why the
// others not), filters, cluster and endpoint each proxy took. The request is a real one in a real run, not a reading of
// configuration: what is told is what happened.
import type { Diagnostic } from '../diagnostics/types.ts'
import { formatDuration } from '../engine/index.ts'
import { type ClientRecord, MemoryRecorder, type WireView } from '../observation/index.ts'
import type { SourceFile } from '../resources/types.ts'
import type { LoadSpec, RequestSpec } from '../world/load/index.ts'
import { adviceFor } from './explain-advice.ts'
import { type Hop, hopsOf } from './explain-hops.ts'
import type { ScenarioSpec } from './schema.ts'
import { createSimulation } from './simulation.ts'

export interface ExplainOptions {
  scenario: ScenarioSpec
  files: readonly SourceFile[]
  /** `internet`, or a pod or workload `name.namespace`. */
  from: string
  /** Connect to this host whatever the URL names: a gateway's Service. */
  via?: string
  request: RequestSpec
  /** µs of virtual time when it is sent; the scenario's own loads and events run until then. Absent: a quiet mesh. */
  at?: number
  seed?: string
}

export interface Explanation {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'Explanation'
  from: string
  method: string
  url: string
  status: number
  failure: string
  /** µs */
  took: number
  /** Why no proxy saw it and what to do, or ''. */
  advice: string
  hops: Hop[]
}

/** Name of the load that sends the one request. */
const PROBE = 'explain'
/** In a quiet mesh: when all first configuration has long arrived. */
const QUIET_AT = 1_000_000
/** How long an answer is waited for, µs. */
const PATIENCE = 60_000_000

/** Null explanation: the mesh has errors, told in the diagnostics. */
export function explain(options: ExplainOptions): { explanation: Explanation | null; diagnostics: Diagnostic[] } {
  const { scenario, files, from, via, request, seed } = options
  const at = options.at ?? QUIET_AT
  const probe: LoadSpec = {
    name: PROBE,
    source: from,
    requests: [request],
    pattern: { recorded: [{ at: '0s', request: 0 }] },
    start: formatDuration(at),
    timeout: 'none',
    ...(via === undefined ? {} : { via }),
  }
  const quiet = options.at === undefined
  const { timeline, expectations: _, ...rest } = scenario
  const asked: ScenarioSpec = {
    ...rest,
    ...(quiet || timeline === undefined ? {} : { timeline }),
    loads: [...(quiet ? [] : (scenario.loads ?? [])), probe],
  }
  const recorder = new MemoryRecorder({ kinds: ['client', 'stream', 'connection', 'handshake'], trails: true })
  const { simulation, diagnostics } = createSimulation({
    scenario: asked,
    files,
    recorder,
    ...(seed === undefined ? {} : { seed }),
  })
  if (simulation === null) return { explanation: null, diagnostics }
  const answer = (): ClientRecord | undefined => recorder.of('client').find(record => record.source === PROBE)
  simulation.runUntil(at)
  // Until the answer is there; what goes on behind it (mirrors, abandoned calls) may end a little later.
  for (let now = at; answer() === undefined && now < at + PATIENCE; ) simulation.runUntil((now += 100_000))
  simulation.runUntil(simulation.now + QUIET_AT)
  const client = answer()
  const resources = simulation.world.currentResources()
  const hops = hopsOf(recorder, client, at, resources)
  return {
    explanation: {
      apiVersion: 'meshsim.io/v1alpha1',
      kind: 'Explanation',
      from,
      method: request.method ?? 'GET',
      url: request.url,
      status: client?.status ?? 0,
      failure: client === undefined ? 'no answer' : client.failure,
      took: client === undefined ? PATIENCE : client.end - client.start,
      advice:
        hops.length > 0 ? '' : adviceFor({ from, url: request.url, via, failure: client?.failure ?? '' }, resources),
      hops,
    },
    diagnostics,
  }
}

function wireLines({ handshake, wire, onwards }: Hop): string[] {
  const seen = ({ encrypted, lines }: WireView, what: string): string[] => [
    `   ${what}: ${encrypted ? 'ciphertext' : 'plain text'}`,
    ...lines.map(line => `     | ${line}`),
  ]
  return [
    ...(handshake === null
      ? []
      : ['   handshake', ...handshake.steps.map(({ step, note }) => `     ${step}: ${note}`)]),
    ...seen(wire, 'on the wire to this proxy'),
    ...(onwards === null ? [] : seen(onwards, 'on the wire from here')),
  ]
}

/** The chain as text, hop by hop; `wire`: with what a packet capture shows before each. */
export function printExplanation(explanation: Explanation, wire = false): string {
  const { from, method, url, status, failure, took, advice, hops } = explanation
  const end = failure === '' ? String(status) : `no answer (${failure})`
  const out = [`${method} ${url} from ${from}: ${end} after ${formatDuration(took)}`]
  for (const [i, hop] of hops.entries()) {
    const flags = hop.flags.length === 0 ? '' : ` ${hop.flags.join(',')}`
    out.push('', `${i + 1}. ${hop.direction} proxy of ${hop.proxy}: ${hop.status}${flags} ${hop.details}`)
    for (const step of hop.steps) {
      const note = step.note === '' ? '' : `  (${step.note})`
      const source = step.source === '' ? '' : `  ${step.source}`
      out.push(`   ${step.step.padEnd(13)} ${step.name || '(unnamed)'}${note}${source}`)
      for (const { name, why } of step.rejected) out.push(`   ${''.padEnd(13)} not ${name || '(unnamed)'}: ${why}`)
    }
    if (wire) out.push(...wireLines(hop))
  }
  if (hops.length === 0)
    out.push('', `No proxy saw the request${advice === '' ? '' : `: ${advice}`}.`.replace(/\?\.$/, '?'))
  return `${out.join('\n')}\n`
}
