// What the marks mean, under the graph; each sign as it is drawn there.
import { h, s } from '../dom.ts'
import { type Language, say, type Word } from '../store/words.ts'

const SIGNS: readonly [Word, string, string][] = [
  ['onItsWay', 'M6,2.7a3.3,3.3 0 1 0 0.01,0Z', 'moon solid'],
  ['cameBack', 'M6,3.3a2.7,2.7 0 1 0 0.01,0Z', 'ok'],
  ['failed', 'M6,0.5L11.5,6L6,11.5L0.5,6Z', 'fail solid'],
  ['fault', 'M8,0L3,6.6H6L4,12L9,5.2H6Z', 'warn solid'],
  ['config', 'M0.7,2.5H11.3V9.5H0.7ZM0.7,2.5L6,7L11.3,2.5', 'plane'],
]

export function legend(language: Language): HTMLElement {
  return h(
    'div',
    { class: 'legend' },
    ...SIGNS.map(([word, d, look]) => {
      const [colour = 'moon', solid] = look.split(' ')
      const paint = `var(--${colour})`
      const path = s('path', { d, fill: solid === undefined ? 'none' : paint, stroke: paint, 'stroke-width': 1.4 })
      return h('span', {}, s('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, path), say(language, word))
    }),
  )
}
