// Files of the reader's own: dropped anywhere on the page, or chosen by the keyboard's way. They are read here and handed
// to the engine; nothing leaves for anywhere else.
import type { SourceFile } from '../../simulator/resources/types.ts'
import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import type { Store } from '../store/store.ts'
import { say } from '../store/words.ts'

/** What a mesh and its recordings are written in. */
const READ = /\.(?:ya?ml|json|har|csv|log|txt)$/i

export function ownFiles(store: Store, source: Source): { note: HTMLElement; ask: () => void } {
  const note = h('div', { class: 'drop-note', hidden: true })
  const input = h('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    accept: '.yaml,.yml,.json,.har,.csv,.log,.txt',
  })
  document.body.append(input)
  const begin = (files: readonly SourceFile[]): void => {
    if (files.length > 0) source.send({ do: 'begin', files: [...files] })
  }
  input.addEventListener('change', () => {
    void read([...(input.files ?? [])]).then(begin)
    input.value = ''
  })
  const over = (event: DragEvent, yes: boolean): void => {
    if (event.dataTransfer?.types.includes('Files') !== true) return
    event.preventDefault()
    // the editor would take the text for itself
    event.stopPropagation()
    note.hidden = !yes
    if (yes) fill(note, say(store.state.language, 'dropHere'))
  }
  document.addEventListener('dragover', event => over(event, true), true)
  document.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) over(event, false)
  })
  document.addEventListener(
    'drop',
    event => {
      over(event, false)
      const { dataTransfer } = event
      if (dataTransfer === null) return
      // entries must be taken before the first wait: the list is emptied afterwards
      const entries = [...dataTransfer.items].flatMap(item => item.webkitGetAsEntry() ?? [])
      void below(entries).then(read).then(begin)
    },
    true,
  )
  return { note, ask: () => input.click() }
}

interface Found {
  name: string
  webkitRelativePath?: string
  text(): Promise<string>
}

async function read(found: readonly Found[]): Promise<SourceFile[]> {
  const files = found.filter(file => READ.test(file.name))
  return Promise.all(
    files.map(async file => ({ name: file.webkitRelativePath || file.name, content: await file.text() })),
  )
}

/** Files at or below what was dropped, in order of their paths. */
async function below(entries: readonly FileSystemEntry[]): Promise<Found[]> {
  const found: Found[] = []
  for (const entry of [...entries].sort((a, b) => (a.fullPath < b.fullPath ? -1 : 1))) {
    if (entry.isDirectory) found.push(...(await below(await children(entry as FileSystemDirectoryEntry))))
    else {
      const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed))
      found.push({ name: entry.fullPath.replace(/^\//, ''), text: () => file.text() })
    }
  }
  return found
}

/** A reader of a folder tells a part at a time; an empty one is the end. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed))
    if (part.length === 0) return all
    all.push(...part)
  }
}
