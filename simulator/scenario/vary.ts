// Any field of any document as a variable: `VirtualService/reviews:spec.http[0].route[0].weight=0..100/25`,
// `scenario:spec.loads[0].pattern.poisson=10,20,50`.
import { parseDocuments } from '../documents/index.ts'
import type { SourceFile } from '../resources/types.ts'

export interface Variable {
  /** As written, for the head of the table. */
  name: string
  /** Null: the scenario file. */
  object: { kind: string; name: string } | null
  path: readonly (string | number)[]
  values: readonly (string | number | boolean)[]
}

const FORM = /^(scenario|[A-Za-z]+\/[^:\s]+):([^=\s]+)=(.+)$/
const RANGE = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/
/** More values of one variable than this are a slip of the pen. */
const MAX_VALUES = 10_000

/** The variable, or a sentence about what is wrong with its text. */
export function parseVariable(text: string): Variable | string {
  const match = FORM.exec(text)
  if (match === null)
    return `"${text}" is not KIND/NAME:path=values or scenario:path=values, such as scenario:spec.loads[0].pattern.poisson=10..50/10`
  const [, target = '', pathText = '', valuesText = ''] = match
  const path = pathOf(pathText)
  if (path === null) return `"${pathText}" is no path such as spec.http[0].timeout`
  const values = valuesOf(valuesText)
  if (typeof values === 'string') return values
  const slash = target.indexOf('/')
  const object = slash < 0 ? null : { kind: target.slice(0, slash), name: target.slice(slash + 1) }
  return { name: `${target}:${pathText}`, object, path, values }
}

function pathOf(text: string): (string | number)[] | null {
  if (!/^[\w-]+(?:\[\d+\]|\.[\w-]+)*$/.test(text)) return null
  return [...text.matchAll(/\[(\d+)\]|[\w-]+/g)].map(([part, index]) => (index === undefined ? part : Number(index)))
}

/** `1,2,5` or `0..100/25`; numbers and booleans are such, all else is text. */
function valuesOf(text: string): (string | number | boolean)[] | string {
  const range = RANGE.exec(text)
  if (range === null) return text.split(',').map(scalar)
  const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)]
  const count = Math.floor((to - from) / step + 1e-9) + 1
  if (!(step > 0) || count < 1) return `"${text}": the range leads nowhere`
  if (count > MAX_VALUES) return `"${text}": more than ${MAX_VALUES} values`
  return Array.from({ length: count }, (_value, i) => Number((from + i * step).toFixed(9)))
}

function scalar(text: string): string | number | boolean {
  const bare = text.trim()
  if (bare === 'true' || bare === 'false') return bare === 'true'
  return bare !== '' && !Number.isNaN(Number(bare)) ? Number(bare) : bare
}

/** All combinations, the last variable turning fastest. */
export function grid(variables: readonly Variable[]): (string | number | boolean)[][] {
  return variables.reduce<(string | number | boolean)[][]>(
    (points, { values }) => points.flatMap(point => values.map(value => [...point, value])),
    [[]],
  )
}

/** The files with the variable's field set; null when no document of them is the variable's. */
export function withValue(
  files: readonly SourceFile[],
  variable: Variable,
  value: string | number | boolean,
): SourceFile[] | null {
  let found = false
  const changed = files.map(file => {
    const documents = parseDocuments(file.name, file.content).documents.map(document => document.value)
    if (!documents.some(document => isOf(document, variable))) return file
    const next = documents.map(document =>
      isOf(document, variable) ? setAt(document, variable.path, value) : document,
    )
    found = true
    return { name: file.name, content: next.map(document => JSON.stringify(document)).join('\n---\n') }
  })
  return found ? changed : null
}

function isOf(document: unknown, { object }: Variable): boolean {
  if (!isObject(document)) return false
  if (object === null) return document['kind'] === 'Scenario'
  const metadata = document['metadata']
  return document['kind'] === object.kind && isObject(metadata) && metadata['name'] === object.name
}

/** A copy; ways that do not exist yet are made. */
function setAt(target: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return value
  if (typeof first === 'number') {
    const list = Array.isArray(target) ? [...target] : []
    list[first] = setAt(list[first], rest, value)
    return list
  }
  const object = isObject(target) ? target : {}
  return { ...object, [first]: setAt(object[first], rest, value) }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
