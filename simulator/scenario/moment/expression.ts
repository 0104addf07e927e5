// A test of one observation as people type it: `status==503 && source==productpage`, `latency>1s || flag==UO`,
// `!(path~/health)`. Read once into a tree, then asked for each observation.
import { parseDuration } from '../../engine/index.ts'
import { didYouMean } from '../../resources/nearest-name.ts'
import { FIELDS, type FieldName, type FieldValue } from './fields.ts'

export type Expression =
  | { all: Expression[] }
  | { any: Expression[] }
  | { not: Expression }
  | { field: FieldName; operator: Operator; text: string; number: number | null }

const OPERATORS = ['==', '!=', '>=', '<=', '>', '<', '~'] as const
type Operator = (typeof OPERATORS)[number]

/** A word is anything but blanks, operators and brackets; quotes hold what they like. */
const TOKEN = /\s*(?:(&&|\|\||==|!=|>=|<=|[()!<>~,])|"([^"]*)"|'([^']*)'|([^\s()!<>=~&|,"']+))/y

interface Token {
  kind: 'sign' | 'word'
  text: string
  /** Offset in the text, for messages. */
  at: number
}

/** Signs and words of a text; a sentence when something cannot be read. */
export function tokensOf(text: string): Token[] | string {
  const tokens: Token[] = []
  let at = 0
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null)
      return `cannot read "${text.slice(at).trim()}"${text[at] === '=' ? '; equality is written ==' : ''}`
    const [whole, sign, double, single, word] = match
    tokens.push(
      sign === undefined
        ? { kind: 'word', text: double ?? single ?? word ?? '', at }
        : { kind: 'sign', text: sign, at: at },
    )
    at += whole.length
  }
  return tokens
}

/** Thrown within this folder only: what is wrong, in words. */
export class ExpressionError extends Error {}

/** Reads expressions off a list of tokens. */
export class ExpressionReader {
  private readonly tokens: readonly Token[]
  private next = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  get done(): boolean {
    return this.next >= this.tokens.length
  }

  /** The next token's text when it is this sign, and steps over it. */
  takes(sign: string): boolean {
    const token = this.tokens[this.next]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.next++
    return true
  }

  word(expected: string): string {
    const token = this.tokens[this.next]
    if (token?.kind !== 'word') throw new ExpressionError(`expected ${expected}, found ${this.rest()}`)
    this.next++
    return token.text
  }

  needs(sign: string): void {
    if (!this.takes(sign)) throw new ExpressionError(`expected "${sign}", found ${this.rest()}`)
  }

  rest(): string {
    const rest = this.tokens.slice(this.next).map(token => token.text)
    return rest.length === 0 ? 'the end' : `"${rest.join(' ')}"`
  }

  expression(): Expression {
    const any = [this.conjunction()]
    while (this.takes('||')) any.push(this.conjunction())
    return any.length === 1 ? any[0]! : { any }
  }

  private conjunction(): Expression {
    const all = [this.term()]
    while (this.takes('&&')) all.push(this.term())
    return all.length === 1 ? all[0]! : { all }
  }

  private term(): Expression {
    if (this.takes('!')) return { not: this.term() }
    if (this.takes('(')) {
      const inner = this.expression()
      this.needs(')')
      return inner
    }
    const name = this.word('a field such as status')
    const near = didYouMean(name, Object.keys(FIELDS))
    if (!(name in FIELDS))
      throw new ExpressionError(
        `there is no field ${name}; ${near === null ? `there are ${Object.keys(FIELDS).join(', ')}` : `did you mean ${near}?`}`,
      )
    const field = name as FieldName
    const operator = OPERATORS.find(sign => this.takes(sign))
    if (operator === undefined)
      throw new ExpressionError(`${name}: expected one of ${OPERATORS.join(' ')}, found ${this.rest()}`)
    const text = this.word('a value')
    return { field, operator, text, number: numberOf(field, operator, text) }
  }
}

function numberOf(field: FieldName, operator: Operator, text: string): number | null {
  const kind = FIELDS[field]
  const ordered = operator !== '==' && operator !== '!=' && operator !== '~'
  if (kind === 'text') {
    if (ordered) throw new ExpressionError(`${field} is text: it has no ${operator}`)
    return null
  }
  if (operator === '~') throw new ExpressionError(`${field} is no text: it has no ~`)
  const number = kind === 'time' ? parseDuration(text) : text === '' ? null : Number(text)
  if (number === null || Number.isNaN(number))
    throw new ExpressionError(`${field}: "${text}" is no ${kind === 'time' ? 'duration such as 250ms' : 'number'}`)
  return number
}

/** Is it true of what has these fields? A field that is not there makes every comparison false. */
export function holds(expression: Expression, value: (field: FieldName) => FieldValue): boolean {
  if ('all' in expression) return expression.all.every(inner => holds(inner, value))
  if ('any' in expression) return expression.any.some(inner => holds(inner, value))
  if ('not' in expression) return !holds(expression.not, value)
  const found = value(expression.field)
  if (found === undefined) return false
  if (Array.isArray(found)) {
    const some = found.some(item =>
      compare(item, expression.operator === '!=' ? '==' : expression.operator, expression),
    )
    return expression.operator === '!=' ? !some : some
  }
  return compare(found as string | number, expression.operator, expression)
}

function compare(
  found: string | number,
  operator: Operator,
  { text, number }: { text: string; number: number | null },
): boolean {
  if (typeof found === 'string') {
    if (operator === '~') return found.includes(text)
    return (found === text) === (operator === '==')
  }
  const bound = number ?? 0
  if (operator === '==') return found === bound
  if (operator === '!=') return found !== bound
  if (operator === '>') return found > bound
  if (operator === '>=') return found >= bound
  return operator === '<' ? found < bound : found <= bound
}
