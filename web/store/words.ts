// The page's words in English and Chinese. Istio's own terms stay English in both. A word of the mesh (a name, a flag, a
// diagnostic) is never translated.
import { ZH } from './chinese.ts'
import { EN } from './english.ts'

export type Language = 'en' | 'zh'

export type Word = keyof typeof EN

const WORDS = { en: EN, zh: ZH }

/** A phrase with its places filled: `say('en', 'line', { line: 14, message })`. */
export function say(language: Language, word: Word, values: Record<string, string | number> = {}): string {
  return WORDS[language][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}
