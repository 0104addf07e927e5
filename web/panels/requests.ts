// The left panel of the requests view: the latest requests, newest first, all or those that did not end well.
import { fill, h } from '../dom.ts'
import type { Selection, Store } from '../store/store.ts'
import { say } from '../store/words.ts'
import { requestTable, rowOf } from './rows.ts'

const ROWS = 120

export function requestsPanel(store: Store, choose: (selection: Selection) => void): HTMLElement {
  const { state } = store
  const list = h('div', { class: 'panel-body' })
  let last = 0
  const draw = (): void => {
    if (state.view !== 'requests') return
    const chosen = state.selection.kind === 'request' ? state.selection.traceId : -1
    const rows = state.requests.slice(-ROWS).reverse().map(rowOf)
    fill(
      list,
      requestTable(rows, chosen, state.language, traceId => choose({ kind: 'request', traceId })),
    )
  }
  store.on(['requests'], () => {
    // Rows under a reader's hand stay where they are.
    if (performance.now() - last < 1500 || list.matches(':hover') || list.contains(document.activeElement)) return
    last = performance.now()
    draw()
  })
  const head = h('h2')
  store.on(['look', 'selection', 'hello'], () => {
    head.textContent = say(state.language, 'latest')
    draw()
  })
  return h('div', { class: 'editor' }, h('div', { class: 'panel-head' }, head), list)
}
