// Scenarios to choose from, as texts: a rim reads them from its disk or carries them along, and they are parsed only when
// somebody opens one. Their README is what the picker shows.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import { bareScenario, loadScenario } from '../scenario/index.ts'
import type { CardFrame } from './frame.ts'
import type { FrameSourceOptions } from './simulate.ts'

/** A scenario's folder as texts. */
export interface ShelfEntry {
  /** Name of the folder. */
  name: string
  /** README.md: English, then `## 中文`; '' without one. */
  readme: string
  /** scenario.yaml */
  file: SourceFile
  /** What scenario.yaml may name beside it. */
  beside: readonly SourceFile[]
  mesh: readonly SourceFile[]
}

export type Opened = { options: FrameSourceOptions } | { diagnostics: Diagnostic[] }

const CHINESE = /^##\s*中文\s*$/m

/** What the picker shows of an entry. Without Chinese words the English ones stand in both. */
export function cardOf({ name, readme }: ShelfEntry): CardFrame {
  const [english = '', chinese = ''] = readme.split(CHINESE)
  const en = textOf(english, name)
  if (chinese.trim() === '') return { name, en, zh: en }
  const zh = textOf(chinese, name)
  // a first line that is a sentence is no title
  const untitled = zh.title.endsWith('。')
  return { name, en, zh: untitled ? { title: en.title, paragraphs: [zh.title, ...zh.paragraphs] } : zh }
}

/** An entry of the shelf brought to options; diagnostics where its scenario cannot be run. */
export function openEntry(entry: ShelfEntry, seed: string | undefined): Opened {
  return openTexts(entry.file, entry.beside, entry.mesh, seed)
}

/** Files of the reader's own: a Scenario document among them leads, the others are the mesh. */
export function openFiles(files: readonly SourceFile[], seed: string | undefined): Opened {
  const file = files.find(({ content }) => isScenario(content))
  const mesh = files.filter(other => other !== file && /\.(?:ya?ml|json)$/.test(other.name))
  if (file !== undefined) return openTexts(file, files, mesh, seed)
  return { options: { scenario: bareScenario('documents', '24h'), files: mesh, ...seeded(seed) } }
}

function openTexts(
  file: SourceFile,
  beside: readonly SourceFile[],
  mesh: readonly SourceFile[],
  seed: string | undefined,
): Opened {
  const { scenario, diagnostics } = loadScenario(file, beside)
  return scenario === null ? { diagnostics } : { options: { scenario, files: mesh, ...seeded(seed) } }
}

const seeded = (seed: string | undefined): { seed?: string } => (seed === undefined ? {} : { seed })

const isScenario = (content: string): boolean =>
  /^kind:\s*Scenario\s*$/m.test(content) && /^apiVersion:\s*meshsim\.io\//m.test(content)

/** The first line is the title, the rest are paragraphs. */
function textOf(markdown: string, name: string): CardFrame['en'] {
  const [first = '', ...rest] = markdown.trim().split('\n')
  const title = first.replace(/^#+\s*/, '').trim()
  const paragraphs = rest
    .join('\n')
    .split(/\n\s*\n/)
    .map(paragraph => paragraph.replace(/\s*\n\s*/g, ' ').trim())
    .filter(paragraph => paragraph !== '')
  return { title: title === '' ? name : title, paragraphs }
}
