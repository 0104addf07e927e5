// A README's paragraphs as elements: `code` and **words that carry weight**, nothing else of Markdown.
import { type Child, h } from '../dom.ts'

const MARKS = /(`[^`]+`|\*\*[^*]+\*\*)/

export function prose(paragraphs: readonly string[]): HTMLElement[] {
  return paragraphs.map(paragraph => h('p', {}, ...paragraph.split(MARKS).map(marked)))
}

function marked(part: string): Child {
  if (part.startsWith('`') && part.endsWith('`') && part.length > 2) return h('code', {}, part.slice(1, -1))
  if (part.startsWith('**') && part.endsWith('**') && part.length > 4) return h('b', {}, part.slice(2, -2))
  return part
}
