// A diff as text for people, and as Markdown for a pull request.
import { formatDuration } from '../engine/index.ts'
import type { Diff } from './diff.ts'
import type { DynamicDiff, LoadDifference } from './dynamic.ts'
import type { RequestClass, WitnessRequest } from './static.ts'

/** Names in a list before it says how many more there are. */
const SHOWN = 4

export function printDiff(diff: Diff): string {
  const out: string[] = [`Verdict: ${diff.verdict}`, ...diff.reasons.map(reason => `  ${reason}`)]
  out.push('', 'Documents', ...(diff.resources.length === 0 ? ['  equal'] : diff.resources.map(r => `  ${inWords(r)}`)))
  const { classes, incomplete } = diff.static
  out.push('', `Requests by configuration: ${classes.length === 0 ? 'none is decided differently' : ''}`.trimEnd())
  for (const [i, one] of classes.entries()) out.push(...classLines(one, i + 1))
  for (const target of incomplete) out.push(`  not all ways were walked: ${target}`)
  if (diff.dynamic !== null) out.push('', ...dynamicLines(diff.dynamic))
  return `${out.join('\n')}\n`
}

export function diffMarkdown(diff: Diff): string {
  const mark = { same: '✅ nothing changes', changed: 'ℹ️ requests change', worse: '❌ something gets worse' }[
    diff.verdict
  ]
  const out = [`### meshsim diff: ${mark}`, '', ...diff.reasons.map(reason => `- ${reason}`)]
  if (diff.resources.length > 0) out.push('', '**Documents**', '', ...diff.resources.map(r => `- ${inWords(r)}`))
  if (diff.static.classes.length > 0) {
    out.push('', '| requests | before | after | shown by |', '|---|---|---|---|')
    for (const one of diff.static.classes) {
      const what = [`${few(one.from)} → ${few(one.to)}`, ...one.conditions].join('<br>')
      const [before, after] = sides(one)
      out.push(`| ${[what, before, after].map(cell).join(' | ')} | \`${cell(explainCommand(one.witness))}\` |`)
    }
  }
  if (diff.dynamic !== null) out.push('', '```', ...dynamicLines(diff.dynamic), '```')
  return `${out.join('\n')}\n`
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '<br>')

const inWords = ({ resource, change, field, before, after }: Diff['resources'][number]): string => {
  const where = [before, after].filter(place => place !== '').join(' -> ')
  return `${resource} ${change}${field === '' ? '' : ` at ${field}`}${where === '' ? '' : ` (${where})`}`
}

const few = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`

/** Before and after, only what differs. */
function sides({ aspects, before, after, policy }: RequestClass): [string, string] {
  const told = (side: RequestClass['before']): string =>
    [
      aspects.includes('destination') ? side.destination : '',
      aspects.includes('protection') ? side.protection || 'unprotected' : '',
    ]
      .filter(part => part !== '')
      .join('; ')
  const treated = aspects.includes('policy') ? policy.join('\n') : ''
  return [told(before), [told(after), treated].filter(part => part !== '').join('\n')]
}

function classLines(one: RequestClass, number: number): string[] {
  const lines = [`  ${number}. ${few(one.from)} -> ${few(one.to)}: ${one.aspects.join(', ')}`]
  if (one.conditions.length > 0) lines.push(`     when    ${one.conditions.join(', ')}`)
  if (one.aspects.includes('destination'))
    lines.push(`     before  ${one.before.destination}`, `     after   ${one.after.destination}`)
  if (one.aspects.includes('protection'))
    lines.push(
      `     before  ${one.before.protection || 'unprotected'}`,
      `     after   ${one.after.protection || 'unprotected'}`,
    )
  if (one.aspects.includes('policy')) lines.push(...one.policy.map(line => `     policy  ${line}`))
  lines.push(`     try     ${explainCommand(one.witness)}`)
  lines.push(...one.origins.map(origin => `     by      ${origin}`))
  return lines
}

/** The witness as a command line that shows it. */
function explainCommand({ from, via, tls, host, port, method, path, headers, token, claims }: WitnessRequest): string {
  const words = [`meshsim explain --from ${from}`]
  if (via !== '') words.push(`--via ${via}`)
  words.push(`--to '${tls ? 'https' : 'http'}://${host}:${port}${path}'`)
  if (method !== 'GET') words.push(`-X ${method}`)
  for (const [name, value] of Object.entries(headers)) words.push(`-H '${name}: ${value}'`)
  const told = Object.entries(claims).map(([name, value]) => `${name}=${value}`)
  if (token !== '') words.push(`# with a token: ${[token, ...told].join(', ')}`)
  return words.join(' ')
}

function dynamicLines(dynamic: DynamicDiff): string[] {
  const out = [`Two runs of ${formatDuration(dynamic.duration)} under seed ${dynamic.seed}, request against request`]
  out.push(...dynamic.loads.map(loadLine))
  for (const { load, before, after, count, first } of dynamic.changes) {
    const example = `${first.method} ${first.url}, no. ${first.number} at ${formatDuration(first.at)}`
    out.push(`  ${count} of ${load}: ${before} -> ${after} (first: ${example})`)
  }
  for (const { name, before, after } of dynamic.expectations)
    out.push(`  ${after.ok ? '✓' : '✗'} ${name}: ${before.seen} -> ${after.seen}`)
  if (dynamic.changes.length === 0) out.push('  every request met the same fate')
  return out
}

function loadLine({ load, pairs, unpaired, errors, latency }: LoadDifference): string {
  const time = (us: number): string => `${us < 0 ? '-' : '+'}${formatDuration(Math.round(Math.abs(us)))}`
  const alone =
    unpaired.before + unpaired.after === 0 ? '' : `, ${unpaired.before} and ${unpaired.after} without partner`
  const chance = errors.p === 1 ? '' : ` (p ${errors.p < 0.0001 ? '< 0.0001' : errors.p.toFixed(4)})`
  return `  ${load}: ${pairs} pairs${alone}; errors ${errors.before} -> ${errors.after}${chance}; latency ${time(latency.mean)} ± ${formatDuration(Math.round(latency.margin))}`
}
