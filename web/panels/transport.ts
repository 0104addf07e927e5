// The virtual clock and what moves it.

import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import { type IconName, icon } from '../marks/icons.ts'
import { clock } from '../store/figures.ts'
import { type Store, smoothTime } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'

const SPEEDS: readonly [string, number | null][] = [
  ['0.1×', 0.1],
  ['1×', 1],
  ['10×', 10],
  ['max', null],
]

/** A run that long has no end worth telling: 24 h. */
const ENDLESS = 86_400_000_000

export function transportPanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const time = h('span', { 'data-test': 'clock' }, '0:00.000')
  const length = h('small')
  const buttons = h('div', { class: 'buttons' })
  const note = h('p', { class: 'quiet' })
  const draw = (): void => {
    const { language, hello } = state
    const button = (name: IconName, word: Word, look: string, act: () => void): HTMLElement =>
      h(
        'button',
        {
          class: `icon ${look}`,
          type: 'button',
          title: say(language, word),
          'aria-label': say(language, word),
          'data-test': word,
          onclick: act,
        },
        icon(name),
      )
    const speed = h('select', { 'aria-label': say(language, 'speed'), 'data-test': 'speed' })
    for (const [label, value] of SPEEDS) {
      speed.append(h('option', { value: String(value), selected: value === state.speed }, label))
    }
    speed.addEventListener('change', () => {
      source.send({ do: 'speed', speed: speed.value === 'null' ? null : Number(speed.value) })
    })
    fill(
      buttons,
      button('reset', 'reset', '', () => source.send({ do: 'reset' })),
      state.running
        ? button('pause', 'pause', 'play filled', () => source.send({ do: 'pause' }))
        : button('play', 'play', 'play filled', () => source.send({ do: 'play' })),
      button('step', 'step', '', () => source.send({ do: 'step', by: 'request' })),
      speed,
    )
    const duration = hello?.scenario.duration ?? 0
    fill(length, duration > 0 && duration < ENDLESS ? say(language, 'of', { time: clock(duration, 0) }) : '')
  }
  let told = ''
  store.on(['time'], () => {
    const now = `${state.running} ${state.speed}`
    if (told === now) return
    told = now
    draw()
  })
  store.on(['hello', 'look'], draw)
  const tick = (): void => {
    const words = clock(smoothTime(state))
    if (time.textContent !== words) time.textContent = words
    requestAnimationFrame(tick)
  }
  requestAnimationFrame(tick)
  setInterval(() => {
    const sampling = Number(document.querySelector<HTMLElement>('.graph')?.dataset['sampling'] ?? 1)
    const words = sampling > 1 ? say(state.language, 'sampled', { n: sampling }) : say(state.language, 'everyDrawn')
    if (note.textContent !== words) note.textContent = words
  }, 1000)
  draw()
  return h('div', { class: 'transport' }, h('div', { class: 'clock' }, time, length), buttons, note)
}
