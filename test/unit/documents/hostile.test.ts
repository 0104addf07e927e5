// Input made to hurt: each ends in a diagnostic at a place. Counted work, not clocks: the limits are what bounds time.
import { describe, expect, it } from 'vitest'
import { parseDocuments } from '../../../simulator/documents/index.ts'

const told = (text: string): string[] =>
  parseDocuments('h.yaml', text).diagnostics.map(({ code, at }) => `${code} ${at?.line}:${at?.column}`)

describe('hostile documents', () => {
  it('aliases that double themselves', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}, *a${i}]`)
    expect(told(`a0: &a0 [x]\n${levels.join('\n')}\n`)).toEqual([expect.stringMatching(/^SIM0105/)])
    const few = levels.slice(0, 12)
    expect(told(`a0: &a0 [x]\n${few.join('\n')}\n`)).toEqual([expect.stringMatching(/^SIM0105/)])
  })
  it('files over the limit', () => {
    expect(told('#'.repeat(64 * 1024 * 1024 + 1))).toEqual(['SIM0101 1:1'])
  })
  it('nesting by brackets, dashes and indentation', () => {
    expect(told('['.repeat(100_000))).toEqual(['SIM0103 1:1'])
    expect(told('- '.repeat(100_000))).toEqual(['SIM0103 1:1'])
    const deep = Array.from({ length: 150 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')
    expect(told(deep)).toEqual([expect.stringMatching(/^SIM0103/)])
  })
  it('indentation too deep for the parser itself', () => {
    const deep = Array.from({ length: 6_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')
    expect(told(deep)).toEqual([expect.stringMatching(/^SIM0103/)])
  })
  it('more documents than a file may have', () => {
    expect(told('---\n'.repeat(50_002))).toEqual(['SIM0101 1:1'])
  })
  it('tells the first mistakes of a document and counts the rest', () => {
    const { diagnostics } = parseDocuments('h.yaml', 'a: b: c\n'.repeat(500))
    expect(diagnostics).toHaveLength(21)
    expect(diagnostics.at(-1)?.message).toMatch(/^\d+ more mistakes in this document are not shown$/)
  })
  it('keys that would reach into prototypes', () => {
    expect(told('a: 1\n__proto__: {b: 1}\n')).toEqual(['SIM0107 2:1'])
    expect(told('a: {constructor: {prototype: 1}}\n')).toEqual(['SIM0107 1:5', 'SIM0107 1:19'])
    expect(({} as Record<string, unknown>)['b']).toBeUndefined()
  })
  it('numbers that are none', () => {
    expect(told('a: .nan\nb: -.inf\nc: 1e999\n')).toEqual(['SIM0106 1:4', 'SIM0106 2:4', 'SIM0106 3:4'])
  })
  it('control characters and bytes that are no UTF-8', () => {
    expect(told('a: \u0000\n')).toEqual(['SIM0102 1:1'])
    expect(told('a: 1\nb: \ufffd\n')).toEqual(['SIM0102 2:4'])
  })
  it('keys that are there twice, also among very many', () => {
    expect(told('a: 1\nb: 2\na: 3\n')).toEqual(['SIM0104 3:1'])
    const many = Array.from({ length: 50_000 }, (_, i) => `k${i}: ${i}`).join('\n')
    expect(told(`${many}\nk7: 0\n`)).toEqual(['SIM0104 50001:1'])
  })
})
