// The page put together: a source of frames, one store, panels that read it. Top to bottom this is the whole wiring.
import { connectSocket } from './connection/socket.ts'
import type { Source } from './connection/source.ts'
import { fill, h } from './dom.ts'
import { chooseHop } from './panels/decisions.ts'
import { graphPanel } from './panels/graph.ts'
import { headerPanel } from './panels/header.ts'
import { inspectorPanel } from './panels/inspector.ts'
import { metricsPanel } from './panels/metrics.ts'
import { ownFiles } from './panels/own-files.ts'
import { pickerPanel } from './panels/picker.ts'
import { proxyPanel } from './panels/proxy.ts'
import { requestPanel } from './panels/request.ts'
import { requestsPanel } from './panels/requests.ts'
import { sentencePanel } from './panels/sentence.ts'
import { timelinePanel } from './panels/timeline.ts'
import { transportPanel } from './panels/transport.ts'
import { yamlPanel } from './panels/yaml.ts'
import { clock } from './store/figures.ts'
import { eventBeside } from './store/moments.ts'
import { type Selection, Store, type Theme } from './store/store.ts'
import { type Language, say } from './store/words.ts'

const store = new Store(firstLanguage(), firstTheme())
const { state } = store
const source: Source = connectSocket({
  frame: frame => store.frame(frame),
  connected: yes => {
    store.change({ connected: yes }, 'connection')
    if (!yes) return
    source.send({ do: 'files' })
    source.send({ do: 'shelf' })
  },
})

const choose = (selection: Selection): void => {
  store.change({ selection, detail: null }, 'selection', 'detail')
  if (selection.kind !== 'request') return
  chooseHop(store, '')
  source.send({ do: 'inspect', traceId: selection.traceId })
}
const lookInside = (pod: string, span = -1): void => store.change({ inside: pod, insideSpan: span }, 'inside')
const openRequest = (traceId: number): void => choose({ kind: 'request', traceId })

const own = ownFiles(store, source)
const picker = pickerPanel(store, source, own.ask)
headerPanel(store, place('header'), picker.button)
document.body.append(picker.panel, own.note)
const yaml = yamlPanel(store, source)
const requests = requestsPanel(store, choose)
place('left').append(yaml, requests)
const graph = graphPanel(store, {
  node: id => choose({ kind: 'node', id }),
  edge: id => choose({ kind: 'edge', id }),
  request: openRequest,
  inside: id => {
    const pod = state.topology.nodes.find(node => node.id === id && node.proxied)?.pods[0]
    if (pod !== undefined) lookInside(pod)
  },
  nothing: () => choose({ kind: 'none' }),
})
place('stage').append(
  sentencePanel(store, openRequest),
  graph,
  metricsPanel(store, source),
  requestPanel(store, choose),
  proxyPanel(store, source, choose),
  lostNote(),
)
inspectorPanel(store, place('right'), choose, lookInside)
place('time').append(transportPanel(store, source), timelinePanel(store, source))

const views = (): void => {
  yaml.hidden = state.view === 'requests'
  requests.hidden = !yaml.hidden
}
store.on(['look'], views)
views()

document.addEventListener('keydown', event => {
  if (event.key === 'Escape') {
    if (state.inside !== '') store.change({ inside: '' }, 'inside')
    else if (state.selection.kind !== 'none') choose({ kind: 'none' })
    else if (state.view !== 'mesh') store.change({ view: 'mesh' }, 'look', 'selection')
    return
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return
  if (event.key === ' ') {
    event.preventDefault()
    source.send({ do: state.running ? 'pause' : 'play' })
  } else if (event.key === '.') source.send({ do: 'step', by: 'request' })
  else if (event.key === ',') source.send({ do: 'step', by: 'request', back: true })
  else if (event.key === '>') source.send({ do: 'step', by: 'event' })
  else if (event.key === '<') source.send({ do: 'step', by: 'event', back: true })
  else if (event.key === '[') source.send({ do: 'seek', time: eventBeside(state, true) })
  else if (event.key === ']') source.send({ do: 'seek', time: eventBeside(state, false) })
  else if (event.key === 'Home') source.send({ do: 'seek', time: 0 })
  else if (event.key === 'End') source.send({ do: 'seek', time: state.edge })
})

function lostNote(): HTMLElement {
  const note = h('div', { class: 'lost', role: 'status', hidden: true })
  store.on(['connection'], () => {
    note.hidden = state.connected || state.hello === null
    fill(note, say(state.language, 'lost', { time: clock(state.time, 1) }))
  })
  return note
}

/** Keys belong to fields and buttons first. */
function typing(event: KeyboardEvent): boolean {
  const [target] = event.composedPath()
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA', 'BUTTON'].includes(target.tagName)
}

function place(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

function firstLanguage(): Language {
  const kept = localStorage.getItem('meshsim language')
  if (kept === 'en' || kept === 'zh') return kept
  return navigator.language.startsWith('zh') ? 'zh' : 'en'
}

function firstTheme(): Theme {
  const kept = localStorage.getItem('meshsim theme')
  if (kept === 'dark' || kept === 'light') return kept
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
}
