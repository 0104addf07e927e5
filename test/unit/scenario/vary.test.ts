import { expect, test } from 'vitest'
import { grid, parseVariable, type Variable, withValue } from '../../../simulator/scenario/index.ts'

const variable = (text: string): Variable => parseVariable(text) as Variable

test('values are a list or a range', () => {
  expect(variable('scenario:spec.seed=1,2.5,true,x').values).toEqual([1, 2.5, true, 'x'])
  expect(variable('scenario:spec.seed=0..1/0.25').values).toEqual([0, 0.25, 0.5, 0.75, 1])
  expect(variable('scenario:spec.seed=3..5').values).toEqual([3, 4, 5])
  expect(parseVariable('scenario:spec.seed=5..3')).toContain('leads nowhere')
  expect(parseVariable('spec.seed=3')).toContain('is not KIND/NAME:path=values')
})

test('a grid turns the last variable fastest', () => {
  expect(grid([variable('scenario:a=1,2'), variable('scenario:b=3,4')])).toEqual([
    [1, 3],
    [1, 4],
    [2, 3],
    [2, 4],
  ])
})

test('a value goes into its document alone, and its way is made', () => {
  const files = [
    {
      name: 'a',
      content:
        'kind: A\nmetadata: { name: x }\nspec: { l: [{ m: 1 }, { m: 2 }] }\n---\nkind: B\nmetadata: { name: x }\n',
    },
  ]
  const [first] = withValue(files, variable('A/x:spec.l[1].m=7'), 7)!
  expect(first?.content.split('\n---\n').map(text => JSON.parse(text))).toEqual([
    { kind: 'A', metadata: { name: 'x' }, spec: { l: [{ m: 1 }, { m: 7 }] } },
    { kind: 'B', metadata: { name: 'x' } },
  ])
  const [second] = withValue(files, variable('B/x:spec.t=1s'), '1s')!
  expect(JSON.parse(second!.content.split('\n---\n')[1]!).spec).toEqual({ t: '1s' })
  expect(withValue(files, variable('A/y:spec.t=1s'), '1s')).toBeNull()
})
