// Text -> documents as plain values with positions. Hostile input (alias bombs, deep nesting, duplicate keys, control
// characters, prototype keys, huge files) ends in diagnostics: nothing here throws.
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Diagnostic, Path, Position } from '../diagnostics/types.ts'
import { camelCase } from './field-names.ts'
import { goYamlTags } from './scalars.ts'

export interface ParsedDocument {
  file: string
  value: unknown
  locate(path: Path): Position | null
  /** First line of the document as istioctl counts it: after its `---`, blank lines aside, comments included. */
  line: number
  /** Line of the scalar at `path`; null where the path ends in no scalar. */
  lineOf(path: Path): number | null
}

export interface ParsedFile {
  documents: ParsedDocument[]
  diagnostics: Diagnostic[]
}

const MAX_ALIASES = 100
const MAX_DEPTH = 100
const MAX_LENGTH = 64 * 1024 * 1024
/** In one file; a cluster's dump has some thousands. */
const MAX_DOCUMENTS = 50_000
/** Of one document; what comes behind the first mistakes are mostly their consequences. */
const MAX_PROBLEMS = 20
const TOO_DEEP = 'nesting is deeper than 100 levels'
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

const problem = (code: string, message: string, at: Position, hint?: string): Diagnostic => ({
  code,
  level: 'error',
  message,
  resource: '',
  path: [],
  at,
  ...(hint === undefined ? {} : { hint }),
})

/** Deepest nesting that brackets or indentation could reach, found before the recursive parser sees the text. */
function tooDeep(text: string): boolean {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x5b || char === 0x7b) {
      if (++open > MAX_DEPTH * 4) return true
    } else if ((char === 0x5d || char === 0x7d) && open > 0) open--
  }
  return /^(?:[-?] ){400}/m.test(text)
}

/** Are there more separators than a file may have documents? */
function tooMany(text: string): boolean {
  let found = 0
  for (let at = text.indexOf('\n---'); at >= 0; at = text.indexOf('\n---', at + 1)) {
    if (++found > MAX_DOCUMENTS) return true
  }
  return false
}

/** Control characters other than tab, line feed and carriage return. */
function isBinary(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return true
  }
  return false
}

/** What decoders put where bytes are no UTF-8; nobody writes it on purpose. */
const REPLACEMENT = '\ufffd'

function positionOf(file: string, text: string, offset: number): Position {
  const before = text.slice(0, offset)
  return { file, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** How plain scalars are read: as kubectl does (see scalars.ts), or by YAML 1.2's core schema, as our own formats are. */
export type Dialect = 'kubernetes' | 'core'

/** All documents of one YAML or JSON file. */
export function parseDocuments(file: string, text: string, dialect: Dialect = 'kubernetes'): ParsedFile {
  const start: Position = { file, line: 1, column: 1 }
  const refuse = (code: string, message: string, at = start): ParsedFile => ({
    documents: [],
    diagnostics: [problem(code, message, at)],
  })
  if (text.length > MAX_LENGTH) return refuse('SIM0101', 'file is larger than 64 MiB')
  if (isBinary(text)) return refuse('SIM0102', 'file holds control characters and is no text')
  const undecoded = text.indexOf(REPLACEMENT)
  if (undecoded >= 0) return refuse('SIM0102', 'this is no UTF-8 text', positionOf(file, text, undecoded))
  if (tooMany(text)) return refuse('SIM0101', `file holds more than ${MAX_DOCUMENTS} documents`)
  if (tooDeep(text)) return refuse('SIM0103', TOO_DEEP)
  try {
    return parse(file, text, dialect)
  } catch (error) {
    return refuse('SIM0104', `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const isSeparator = (line: string | undefined): boolean => line !== undefined && /^---\s*$/.test(line)

/**
 * Where a document begins as istioctl counts (istio: pilot/pkg/config/file/util/kubeyaml): `line` is its first line with
 * text. A separator with nothing before it becomes part of the document that follows and shifts its fields' lines.
 */
function beginning(lines: readonly string[], contentLine: number): { line: number; shift: number } {
  let separator = contentLine - 1
  while (separator >= 1 && !isSeparator(lines[separator - 1])) separator--
  let line = separator + 1
  while (line < contentLine && lines[line - 1] === '') line++
  const swallowed = separator >= 1 && (separator === 1 || isSeparator(lines[separator - 2]))
  return { line, shift: swallowed ? line - separator : 0 }
}

function parse(file: string, text: string, dialect: Dialect): ParsedFile {
  const lines = new LineCounter()
  const textLines = text.split(/\r?\n/)
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const diagnostics: Diagnostic[] = []
  const documents: ParsedDocument[] = []
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    // checked below: the parser compares each key with all others
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
    merge: true,
    // kubectl reads a file that begins with a brace as JSON
    ...(dialect === 'core' || /^\s*\{/.test(text) ? {} : { customTags: goYamlTags }),
  })
  for (const document of Array.isArray(parsed) ? parsed : []) {
    let problems = 0
    const fail = (code: string, message: string, offset: number): void => {
      problems++
      if (problems <= MAX_PROBLEMS) diagnostics.push(problem(code, message, position(offset)))
    }
    for (const error of document.errors) {
      // the library's parser is recursive
      if (error.message.includes('call stack')) fail('SIM0103', TOO_DEEP, error.pos[0])
      else fail('SIM0104', error.message, error.pos[0])
    }
    let aliases = 0
    if (problems === 0) {
      visit(document, {
        Node(_key, node, ancestors) {
          const offset = node.range?.[0] ?? 0
          if (ancestors.length > MAX_DEPTH * 2) {
            fail('SIM0103', TOO_DEEP, offset)
            return visit.BREAK
          }
          if (isAlias(node) && ++aliases > MAX_ALIASES) {
            fail('SIM0105', 'more than 100 aliases', offset)
            return visit.BREAK
          }
          if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
            fail('SIM0106', 'a number must be finite', offset)
          }
          return undefined
        },
        Seq(_key, seq) {
          for (const [i, item] of seq.items.entries()) {
            const scalar = colonScalar(item, text)
            if (scalar !== null) seq.items[i] = scalar
          }
          return undefined
        },
        Map(_key, map) {
          const seen = new Set<unknown>()
          for (const { key } of map.items) {
            if (!isScalar(key) || key.value === '<<') continue
            if (seen.has(key.value)) {
              fail('SIM0104', `the key ${String(key.value)} is there twice`, key.range?.[0] ?? 0)
            }
            seen.add(key.value)
          }
          return undefined
        },
        Pair(_key, pair) {
          if (!isScalar(pair.key)) return undefined
          if (FORBIDDEN_KEYS.has(String(pair.key.value))) {
            fail('SIM0107', `the key ${String(pair.key.value)} is not allowed`, pair.key.range?.[0] ?? 0)
          }
          return undefined
        },
      })
    }
    if (problems > MAX_PROBLEMS) {
      const message = `${problems - MAX_PROBLEMS} more mistakes in this document are not shown`
      diagnostics.push(problem('SIM0104', message, position(document.range[0])))
    }
    if (problems > 0 || document.contents === null) continue
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      const { line, shift } = beginning(textLines, position(startOf(document.contents) ?? 0).line)
      documents.push({
        file,
        value,
        line,
        lineOf(path) {
          let node: unknown = document.contents
          for (const part of path) {
            if (isMap(node)) {
              node = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(part))?.value
            } else if (isSeq(node)) node = node.items[Number(part)]
            else return null
          }
          return isScalar(node) ? position(startOf(node) ?? 0).line + shift : null
        },
        locate(path) {
          let node: unknown = document.contents
          let offset = startOf(node)
          for (const part of path) {
            if (isAlias(node)) node = node.resolve(document)
            if (isMap(node)) {
              const pair = pairOf(node, String(part))
              if (pair === null) break
              offset = startOf(pair.key) ?? offset
              node = pair.value
            } else if (isSeq(node)) {
              const item = node.items[Number(part)]
              if (item === undefined) break
              offset = startOf(item) ?? offset
              node = item
            } else break
          }
          return offset === null ? null : position(offset)
        },
      })
    } catch (error) {
      diagnostics.push(
        problem('SIM0105', `cannot be expanded: ${error instanceof Error ? error.message : ''}`, position(0)),
      )
    }
  }
  return { documents, diagnostics }
}

/**
 * `[2001:db8::]`: YAML 1.2 reads the last colon as a mapping's, Kubernetes' parser (go-yaml) as part of the text, for no
 * blank follows it. Null where an item is anything else.
 */
function colonScalar(item: unknown, text: string): Scalar | null {
  if (!isMap(item) || item.items.length !== 1 || !item.range) return null
  const [pair] = item.items
  const start = startOf(pair?.key)
  if (!isScalar(pair?.key) || pair.key.type !== 'PLAIN' || start === null || text[item.range[0]] === '{') return null
  const empty = pair.value === null || (isScalar(pair.value) && pair.value.value === null && pair.value.source === '')
  const written = `${pair.key.source ?? ''}:`
  if (!empty || !text.startsWith(written, start) || !/^[\],]/.test(text.slice(start + written.length))) return null
  const scalar = new Scalar(written)
  scalar.range = [start, start + written.length, start + written.length]
  return scalar
}

/** The pair of a field, which protobuf's JSON lets one write in snake_case too. */
function pairOf(map: YAMLMap, field: string): Pair | null {
  const named = (name: (key: string) => string) =>
    map.items.find(item => isScalar(item.key) && name(String(item.key.value)) === field)
  const pair = named(key => key) ?? named(camelCase)
  return pair !== undefined && isPair(pair) ? pair : null
}

function startOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node)) return null
  const range = node.range
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : null
}
