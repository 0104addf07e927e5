// Strings that an RE2 expression matches, so that requests can be made up which a rule catches. Reads the subset of the
// syntax that such rules use; the caller tests each sample with the real matcher, so a wrong one does no harm.

/** Samples of one part at most: enough to tell alternatives apart. */
const MAX = 8

/** Some strings, simplest first; none when the expression is beyond this reader. */
export function samplesOf(pattern: string): string[] {
  const reader = new Reader(pattern.replace(/^\(\?[a-zA-Z]+\)/, ''))
  const samples = reader.alternatives()
  return reader.atEnd ? [...new Set(samples)] : []
}

class Reader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.at >= this.text.length
  }

  alternatives(): string[] {
    const all = this.sequence()
    while (this.take('|')) all.push(...this.sequence())
    return all
  }

  private sequence(): string[] {
    let all = ['']
    while (!this.atEnd && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const part = this.repeated(this.atom())
      all = all.flatMap(head => part.map(tail => head + tail)).slice(0, MAX)
    }
    return all
  }

  private atom(): string[] {
    const char = this.text[this.at++]!
    if (char === '(') {
      const group = /^\?(?:P?<\w+>|[a-zA-Z-]*:)/.exec(this.text.slice(this.at))
      if (group !== null) this.at += group[0].length
      const inner = this.alternatives()
      this.take(')')
      return inner
    }
    if (char === '[') return this.characterClass()
    if (char === '.') return ['x']
    if (char === '^' || char === '$') return ['']
    if (char !== '\\') return [char]
    const escaped = this.text[this.at++] ?? ''
    return CLASSES[escaped] ?? [escaped]
  }

  private characterClass(): string[] {
    const negated = this.take('^')
    const start = this.at
    if (this.text[this.at] === ']') this.at++
    while (!this.atEnd && this.text[this.at] !== ']') this.at += this.text[this.at] === '\\' ? 2 : 1
    const body = this.text.slice(start, this.at)
    this.at++
    const members = body.startsWith('\\') ? (CLASSES[body[1]!] ?? [body[1]!]) : [body[0] ?? 'x', body.at(-1) ?? 'x']
    return negated ? ['x', '0', '~', '/'].filter(char => !members.includes(char)) : [...new Set(members)]
  }

  private repeated(part: string[]): string[] {
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/.exec(this.text.slice(this.at))
    if (quantifier === null) return part
    this.at += quantifier[0].length
    const [mark] = quantifier[0]
    if (mark === '{') return part.map(one => one.repeat(Number(quantifier[1])))
    return mark === '+' ? part : [...part, '']
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }
}

const CLASSES: { readonly [letter: string]: string[] } = {
  d: ['1', '9'],
  D: ['x'],
  w: ['a', '1'],
  W: ['-'],
  s: [' '],
  S: ['x'],
  b: [''],
  t: ['\t'],
  n: ['\n'],
}
