import { expect, test } from 'vitest'
import { parseDocuments, printYaml } from '../../../simulator/documents/index.ts'

const read = (text: string): unknown => parseDocuments('a.yaml', `a: ${text}\n`).documents[0]?.value

test.each([
  ['yes', true],
  ['On', true],
  ['n', false],
  ['OFF', false],
  ['nO', 'nO'],
  ['"yes"', 'yes'],
  ['0755', 493],
  ['0o17', 15],
  ['089', 89],
  ['1_000', 1000],
  ['-0x1F', -31],
  ['0b101', 5],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1.', 1],
  ['2024-01-01', '2024-01-01'],
  ['12:30', '12:30'],
  ['.', '.'],
  ['_1', '_1'],
])('go-yaml reads %s as kubectl does', (text, value) => {
  expect(read(text)).toEqual({ a: value })
})

test('a file that begins with a brace is JSON', () => {
  expect(parseDocuments('a.json', '{"a": "yes", "b": 1e3}').documents[0]?.value).toEqual({ a: 'yes', b: 1000 })
})

test('what would be misread is quoted', () => {
  expect(printYaml({ a: 'yes', b: '0755', c: '1_000', d: 'text', e: true })).toBe(
    'a: "yes"\nb: "0755"\nc: "1_000"\nd: text\ne: true\n',
  )
})
