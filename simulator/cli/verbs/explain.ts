// `explain`: one request on its way through the mesh, decision by decision.
import { InvalidArgumentError } from 'commander'
import { overlay } from '../../diff/index.ts'
import {
  bareScenario,
  type ExplainOptions,
  explain,
  type Moment,
  printExplanation,
  simulationAt,
  stopInWords,
} from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readScenario, readSources, report } from '../files.ts'
import type { MeshFlags } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename, output } from '../verb.ts'

interface Flags extends MeshFlags {
  from: string
  to: string
  via?: string
  request: string
  header?: [name: string, value: string][]
  data?: string
  seed?: string
  output: 'text' | 'json'
  wire?: boolean
}

/** `name: value`, as curl has it. */
function header(text: string, before: [string, string][] = []): [string, string][] {
  const colon = text.indexOf(':')
  if (colon <= 0) throw new InvalidArgumentError('a header is "name: value".')
  return [...before, [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()]]
}

function url(text: string): string {
  if (/^https?:\/\/[^/\s:]+(?::\d+)?(?:\/\S*)?$/.test(text) || /^(?:tcp|tls):\/\/[^/\s:]+:\d+$/.test(text)) return text
  throw new InvalidArgumentError('expected http://host[:port]/path, tcp://host:port or tls://host:port.')
}

export const defineExplain: DefineVerb = (program, { end }) => {
  program
    .command('explain')
    .description(
      'every decision on the way of one request: routes tried, filters, cluster, endpoint, with the YAML behind',
    )
    .argument('[scenario]', 'the mesh and the applications of a scenario (as --scenario)')
    .requiredOption('--from <source>', 'internet, or a workload: name or name.namespace')
    .requiredOption('--to <url>', 'http://host[:port]/path, tcp://host:port', url)
    .option('--via <service>', "connect to this host, e.g. a gateway's Service istio-ingressgateway.istio-system")
    .option('-X, --request <method>', 'method', 'GET')
    .option('-H, --header <line>', '"name: value"; may be repeated', header)
    .option('-d, --data <body>', 'body of the request; over TCP the line that is sent')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh and the applications of a scenario')
    .addOption(atFlag())
    .option('--seed <seed>', 'seed of all dice')
    .option('--wire', 'what a packet capture shows before each proxy: the handshake, ciphertext or the plain request')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        "meshsim explain bookinfo --from productpage-v1 --to http://reviews:9080/reviews/0 -H 'end-user: jason'",
        'meshsim explain bookinfo --from internet --via istio-ingressgateway.istio-system --to http://bookinfo.example.com/productpage',
        "meshsim explain seed-redis-plaintext --from curl --to tcp://redis:6379 -d 'GET password' --wire",
      ),
    )
    .action((scenario: string | undefined, flags: Flags) =>
      end(explained(scenario === undefined ? flags : { ...flags, scenario })),
    )
}

/** When the moment comes, µs. */
function timeOf(moment: Moment, mesh: Pick<ExplainOptions, 'scenario' | 'files' | 'seed'>): number {
  if ('at' in moment) return moment.at
  const { stop } = simulationAt(mesh, moment)
  if (stop?.reached === false) throw new CommandFailure(EXIT.inputData, stopInWords(stop, moment))
  return stop?.at ?? 0
}

function explained(flags: Flags): number {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const files = overlay(folder?.files ?? [], readSources(flags.filename ?? []))
  if (files.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const { from, to, via, header: lines = [], data, at, seed } = flags
  const source = from === 'internet' || from.includes('.') ? from : `${from}.default`
  const { host, ...headers } = Object.fromEntries(lines)
  const mesh = {
    scenario: folder?.scenario ?? bareScenario('documents'),
    files,
    ...(seed === undefined ? {} : { seed }),
  }
  const { explanation, diagnostics } = explain({
    ...mesh,
    from: source,
    request: {
      method: flags.request,
      url: to,
      headers,
      ...(host === undefined ? {} : { host }),
      ...(data === undefined ? {} : /^t/.test(to) ? { send: data } : { body: data }),
    },
    ...(via === undefined ? {} : { via }),
    ...(at === undefined ? {} : { at: timeOf(at, mesh) }),
  })
  report(
    diagnostics.filter(found => found.level === 'error'),
    folder?.sources ?? files,
  )
  if (explanation === null) throw new CommandFailure(EXIT.inputData, 'the request could not be sent')
  process.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify(explanation, null, 2)}\n`
      : printExplanation(explanation, flags.wire === true),
  )
  return EXIT.good
}
