// A line of an access log by Envoy's substitution format (source/common/formatter/substitution_formatter.cc,
// json_format_builder.cc). A format is compiled once; printing a record allocates no more than the line.
import type { Json, JsonObject } from '../xds/types.ts'
import { type LogValue, type Operator, operatorOf } from './log-operators.ts'
import type { LoggedRecord } from './types.ts'

const COMMAND = /%%|%([A-Z0-9_]+)(?:\(((?:[^()]|\([^()]*\))*)\))?(?::(\d+))?%/g

export type LogFormat = (record: LoggedRecord) => string
type Part = string | Operator

/** Text and operators in turn. `unknown` is told of every operator that nothing answers; it prints as nothing there. */
function parts(format: string, unknown: (name: string) => void): Part[] {
  const found: Part[] = []
  let end = 0
  for (const match of format.matchAll(COMMAND)) {
    if (match.index > end) found.push(format.slice(end, match.index))
    end = match.index + match[0].length
    const name = match[1]
    if (name === undefined) {
      found.push('%')
      continue
    }
    const operator = operatorOf(name, match[2] ?? '')
    if (operator === null) unknown(name)
    found.push(cut(operator ?? (() => undefined), match[3]))
  }
  if (end < format.length) found.push(format.slice(end))
  return found
}

/** `%REQ(:PATH):5%`: at most so many characters. */
function cut(operator: Operator, length: string | undefined): Operator {
  if (length === undefined) return operator
  const most = Number(length)
  return record => {
    const value = operator(record)
    return typeof value === 'string' ? value.slice(0, most) : value
  }
}

const shown = (value: LogValue, absent: string): string => (value === undefined ? absent : String(value))

/** One line of text, its line break included where the format has one. What is not there is `-`, or nothing where `omitEmpty`. */
export function compileTextFormat(
  format: string,
  omitEmpty = false,
  unknown: (name: string) => void = () => {},
): LogFormat {
  const line = parts(format, unknown)
  const absent = omitEmpty ? '' : '-'
  return record => {
    let text = ''
    for (const part of line) text += typeof part === 'string' ? part : shown(part(record), absent)
    return text
  }
}

/** One JSON object a line, keys sorted; a field that is one operator keeps its type, an absent one is null or left out. */
export function compileJsonFormat(
  fields: JsonObject,
  omitEmpty = false,
  unknown: (name: string) => void = () => {},
): LogFormat {
  const print = jsonPart(fields, omitEmpty, unknown)
  return record => `${JSON.stringify(print(record) ?? {})}\n`
}

type JsonPrinter = (record: LoggedRecord) => Json | undefined

function jsonPart(value: Json, omitEmpty: boolean, unknown: (name: string) => void): JsonPrinter {
  if (typeof value === 'string') return jsonText(value, omitEmpty, unknown)
  if (Array.isArray(value)) {
    const items = value.map(item => jsonPart(item, omitEmpty, unknown))
    return record => items.map(item => item(record) ?? null)
  }
  if (typeof value !== 'object' || value === null) return () => value
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  const printers = keys.map((key): [string, JsonPrinter] => [key, jsonPart(value[key] ?? null, omitEmpty, unknown)])
  return record => {
    const object: JsonObject = {}
    for (const [key, print] of printers) {
      const found = print(record)
      if (found !== undefined) object[key] = found
    }
    return object
  }
}

function jsonText(format: string, omitEmpty: boolean, unknown: (name: string) => void): JsonPrinter {
  const line = parts(format, unknown)
  const [only] = line
  if (line.length === 1 && typeof only === 'function') return record => only(record) ?? (omitEmpty ? undefined : null)
  const text = compileTextFormat(format, omitEmpty)
  return record => text(record)
}
