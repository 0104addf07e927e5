// The table of requests, as the inspector and the requests view show it.
import type { RequestFrame } from '../../simulator/stream/frame.ts'
import { h, pressable } from '../dom.ts'
import { clock, duration, pathOf } from '../store/figures.ts'
import { type Language, say } from '../store/words.ts'

export interface Row {
  traceId: number
  start: number
  path: string
  status: number
  flags: readonly string[]
  failure: string
  took: number
  outcome: RequestFrame['outcome']
}

export function rowOf(request: RequestFrame): Row {
  return {
    traceId: request.traceId,
    start: request.start,
    path: pathOf(request.url),
    status: request.status,
    flags: [],
    failure: request.failure,
    took: request.end - request.start,
    outcome: request.outcome,
  }
}

export function requestTable(
  rows: readonly Row[],
  chosen: number,
  language: Language,
  open: (id: number) => void,
): HTMLElement {
  const body = h('tbody')
  for (const row of rows) {
    const code = row.status === 0 ? row.failure || '0' : String(row.status)
    const line = h(
      'tr',
      { 'data-request': row.traceId, 'aria-selected': String(row.traceId === chosen) },
      h('td', { class: 'code' }, clock(row.start)),
      h('td', { title: row.path }, row.path),
      h(
        'td',
        { class: row.outcome },
        `${row.outcome === 'fail' ? '◆ ' : ''}${code}${row.flags.length > 0 ? ` ${row.flags.join(',')}` : ''}`,
      ),
      h('td', {}, duration(row.took)),
    )
    pressable(line, () => open(row.traceId))
    body.append(line)
  }
  const heads = (['started', 'path', 'code', 'took'] as const).map(word =>
    h('th', { scope: 'col' }, say(language, word)),
  )
  return h('table', { class: 'rows' }, h('thead', {}, h('tr', {}, ...heads)), body)
}
