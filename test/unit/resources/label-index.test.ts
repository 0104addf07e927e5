// Both indexes answer what looking at every object answers.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelIndex, SelectorIndex } from '../../../simulator/resources/label-index.ts'

const namespace = fc.constantFrom('a', 'b')
const labels = fc.dictionary(fc.constantFrom('app', 'version', 'tier'), fc.constantFrom('1', '2'), { maxKeys: 3 })
const placed = fc.array(fc.record({ namespace, labels }), { maxLength: 12 })

const chooses = (selector: Record<string, string>, own: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => own[key] === value)

describe('indexes of labels', () => {
  it('finds what a selector chooses, in order of arrival', () => {
    fc.assert(
      fc.property(placed, fc.option(namespace), labels, (items, home, selector) => {
        const expected = items.filter(
          item => (home === null || item.namespace === home) && chooses(selector, item.labels),
        )
        const index = new LabelIndex(items)
        expect(index.select(home, selector)).toEqual(expected)
        expect(index.chooses(home, selector)).toBe(expected.length > 0)
      }),
    )
  })
  it('finds the selectors that choose an object; one without labels is nobody’s', () => {
    fc.assert(
      fc.property(placed, namespace, labels, (selectors, home, own) => {
        const expected = selectors.filter(
          item => item.namespace === home && Object.keys(item.labels).length > 0 && chooses(item.labels, own),
        )
        const index = new SelectorIndex(selectors, item => ({ namespace: item.namespace, selector: item.labels }))
        expect(index.choosing(home, own)).toEqual(expected)
      }),
    )
  })
})
