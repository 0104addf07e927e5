// CodeMirror in a shadow root: its styles are adopted there as sheets, which a strict content security policy allows, and
// nothing of them leaks into the page.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic as Lint, lintGutter, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { Diagnostic } from '../../simulator/diagnostics/types.ts'

export interface Editor {
  /** Shows a file; each keeps its own undo history. */
  open(name: string, text: string): void
  mark(diagnostics: readonly Diagnostic[]): void
  reveal(line: number): void
}

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', backgroundColor: 'transparent', color: 'var(--text)' },
  '.cm-scroller': { fontFamily: 'var(--code)', lineHeight: '19px', scrollbarWidth: 'thin' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--text3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--select)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--line2) !important' },
  '.cm-diagnostic': { fontFamily: 'var(--words)', whiteSpace: 'pre-wrap' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line2)' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--text2)' },
  { tag: [tags.number, tags.bool], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: tags.comment, color: 'var(--text3)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: 'var(--text3)' },
])

export function createEditor(host: HTMLElement, on: { changed: (text: string) => void; apply: () => void }): Editor {
  host.replaceChildren()
  const root = host.attachShadow({ mode: 'open' })
  const states = new Map<string, EditorState>()
  let opened = ''
  let quiet = false
  const applied = (): boolean => {
    on.apply()
    return true
  }
  const extensions = [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    lintGutter(),
    yaml(),
    look,
    syntaxHighlighting(colours),
    EditorView.contentAttributes.of({ 'aria-label': 'YAML' }),
    keymap.of([{ key: 'Mod-Enter', run: applied }, ...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
    EditorView.updateListener.of(update => {
      if (update.docChanged && !quiet) on.changed(update.state.doc.toString())
    }),
  ]
  const view = new EditorView({ parent: root, root, state: EditorState.create({ doc: '', extensions }) })
  view.dom.style.height = '100%'
  return {
    open(name, text) {
      quiet = true
      if (opened !== '') states.set(opened, view.state)
      const known = states.get(name)
      opened = name
      view.setState(
        known !== undefined && known.doc.toString() === text ? known : EditorState.create({ doc: text, extensions }),
      )
      quiet = false
    },
    mark(diagnostics) {
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.map(found => lintOf(found, view.state)),
        ),
      )
    },
    reveal(line) {
      const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines))
      view.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: 'center' }) })
    },
  }
}

function lintOf(found: Diagnostic, state: EditorState): Lint {
  const line = state.doc.line(Math.min(Math.max(1, found.at?.line ?? 1), state.doc.lines))
  const from = Math.min(line.from + Math.max(0, (found.at?.column ?? 1) - 1), line.to)
  const severity = found.level
  const hint = found.hint === undefined ? '' : `\n${found.hint}`
  return { from, to: Math.max(from, line.to), severity, message: `${found.message}${hint}`, source: found.code }
}
