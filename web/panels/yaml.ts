// The left panel: the mesh's files with Apply. The editor itself is a chunk of its own, loaded when the first files come,
// so that the picture never waits for it. Apply is all or nothing: with an error the last good mesh goes on.
import type { Diagnostic } from '../../simulator/diagnostics/types.ts'
import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import { clock } from '../store/figures.ts'
import type { Store } from '../store/store.ts'
import { say } from '../store/words.ts'
import type { Editor } from './editor.ts'

export function yamlPanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const tabs = h('div', { class: 'tabs', role: 'tablist' })
  const editorHost = h('div', { class: 'editor-host' })
  const bar = h('div', { class: 'apply-bar' })
  const host = h('div', { class: 'editor' }, tabs, editorHost, bar)
  /** Text as it stands in the editor, by file; and as it runs. */
  const texts = new Map<string, string>()
  const running = new Map<string, string>()
  let sent = new Map<string, string>()
  let open = ''
  let editor: Editor | null = null
  let diagnostics: readonly Diagnostic[] = []

  const changed = (): string[] => [...texts].filter(([name, text]) => running.get(name) !== text).map(([name]) => name)
  const errorsIn = (name: string): Diagnostic[] => diagnostics.filter(found => found.at?.file === name)

  const drawTabs = (): void => {
    const scroll = tabs.scrollLeft
    fill(
      tabs,
      ...[...texts.keys()].map(name =>
        h(
          'button',
          {
            type: 'button',
            role: 'tab',
            title: name,
            'data-file': name,
            'aria-selected': String(name === open),
            'aria-invalid': String(errorsIn(name).some(found => found.level === 'error')),
            onclick: () => show(name),
          },
          `${name.split('/').at(-1) ?? name}${changed().includes(name) ? ' •' : ''}`,
        ),
      ),
    )
    tabs.scrollLeft = scroll
  }
  const reach = (): void => {
    tabs.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  const drawBar = (): void => {
    const { language } = state
    const errors = diagnostics.filter(found => found.level === 'error')
    const dirty = changed().length > 0
    let status = h('span', { class: 'quiet' }, dirty ? say(language, 'changed') : say(language, 'valid'))
    const answer = state.applied
    if (errors.length > 0 && state.topology.nodes.length > 0)
      status = h('span', { class: 'fail' }, say(language, 'notApplied'))
    else if (answer?.applied && !dirty)
      status = h('span', { class: 'plane' }, say(language, 'applied', { time: clock(answer.time, 1) }))
    fill(
      bar,
      h(
        'ul',
        { 'data-test': 'diagnostics' },
        ...diagnostics.slice(0, 20).map(found => {
          const words =
            found.at === null ? found.message : say(language, 'line', { line: found.at.line, message: found.message })
          return h(
            'li',
            {},
            h(
              'button',
              { type: 'button', class: found.level === 'error' ? 'fail' : 'warn', onclick: () => go(found) },
              words,
            ),
          )
        }),
      ),
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'button', 'data-test': 'apply', disabled: !dirty, onclick: apply }, say(language, 'apply')),
        h('button', { type: 'button', disabled: !dirty, onclick: revert }, say(language, 'undo')),
        h('div', { class: 'space' }),
      ),
      h('div', { 'data-test': 'status' }, status),
    )
  }
  const show = (name: string): void => {
    open = name
    editor?.open(name, texts.get(name) ?? '')
    editor?.mark(errorsIn(name))
    drawTabs()
    reach()
  }
  const go = (found: Diagnostic): void => {
    if (found.at === null || !texts.has(found.at.file)) return
    show(found.at.file)
    editor?.reveal(found.at.line)
  }
  const apply = (): void => {
    const names = changed()
    if (names.length === 0) return
    sent = new Map(names.map(name => [name, texts.get(name) ?? '']))
    source.send({ do: 'apply', files: [...sent].map(([name, content]) => ({ name, content })) })
  }
  const revert = (): void => {
    for (const [name, text] of running) texts.set(name, text)
    judge([])
    show(open)
    drawBar()
  }
  const judge = (found: readonly Diagnostic[]): void => {
    diagnostics = found
    editor?.mark(errorsIn(open))
    drawTabs()
    drawBar()
  }
  const load = async (): Promise<void> => {
    const { createEditor } = await import('./editor.ts')
    editor ??= createEditor(editorHost, {
      changed: text => {
        texts.set(open, text)
        drawTabs()
        drawBar()
      },
      apply,
    })
    show(open)
  }

  store.on(['files'], () => {
    texts.clear()
    running.clear()
    for (const { name, content } of state.files) {
      texts.set(name, content)
      running.set(name, content)
    }
    if (!texts.has(open)) open = preferred([...texts.keys()])
    judge(state.diagnostics)
    if (editor === null) {
      fill(
        editorHost,
        h('p', { class: 'quiet panel-body' }, say(state.language, texts.size === 0 ? 'noYaml' : 'loadingEditor')),
      )
      if (texts.size > 0)
        load().catch((error: unknown) => fill(editorHost, h('p', { class: 'fail panel-body' }, String(error))))
    } else show(open)
  })
  store.on(['applied'], () => {
    const answer = state.applied
    if (answer === null) return
    if (answer.applied) for (const [name, text] of sent) running.set(name, text)
    judge(answer.diagnostics)
    const first = answer.diagnostics.find(found => found.level === 'error')
    if (!answer.applied && first !== undefined) go(first)
  })
  store.on(['wanted'], () => {
    const [, file = '', line = '1'] = /^(.*?):(\d+)(?::\d+)?$/.exec(state.wanted) ?? []
    if (!texts.has(file)) return
    if (state.view === 'requests') store.change({ view: 'mesh' }, 'look')
    show(file)
    editor?.reveal(Number(line))
  })
  store.on(['look'], () => {
    drawTabs()
    drawBar()
  })
  drawBar()
  return host
}

/** Routing rules are what people come to change. */
function preferred(names: readonly string[]): string {
  return (
    names.find(name => name.endsWith('reviews.yaml')) ??
    names.find(name => !name.endsWith('apps.yaml')) ??
    names[0] ??
    ''
  )
}
