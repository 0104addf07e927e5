// The virtual clock and what moves it.

import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import { type IconName, icon } from '../marks/icons.ts'
import { clock } from '../store/figures.ts'
import { type State, type Store, smoothTime } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'

const SPEEDS: readonly [string, number | null][] = [
  ['0.001×', 0.001],
  ['0.01×', 0.01],
  ['0.1×', 0.1],
  ['0.5×', 0.5],
  ['1×', 1],
  ['2×', 2],
  ['10×', 10],
  ['100×', 100],
  ['max', null],
]

/** A run that long has no end worth telling: 24 h. */
const ENDLESS = 86_400_000_000

export function transportPanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const time = h('span', { 'data-test': 'clock' }, '0:00.000')
  const length = h('small')
  const buttons = h('div', { class: 'buttons' })
  const note = h('p', { class: 'quiet', 'data-test': 'pace' })
  const draw = (): void => {
    const { language, hello } = state
    const button = (name: IconName, word: Word, look: string, act: (event: Event) => void): HTMLElement =>
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
    const step = (back: boolean) => (event: Event) =>
      source.send({ do: 'step', by: event instanceof MouseEvent && event.shiftKey ? 'event' : 'request', back })
    const speed = h('select', { 'aria-label': say(language, 'speed'), 'data-test': 'speed' })
    for (const [label, value] of SPEEDS) {
      speed.append(h('option', { value: String(value), selected: value === state.speed }, label))
    }
    speed.addEventListener('change', () => {
      source.send({ do: 'speed', speed: speed.value === 'null' ? null : Number(speed.value) })
    })
    fill(
      buttons,
      button('reset', 'beginning', '', () => source.send({ do: 'seek', time: 0 })),
      button('stepBack', 'stepBack', '', step(true)),
      state.running
        ? button('pause', 'pause', 'play filled', () => source.send({ do: 'pause' }))
        : button('play', 'play', 'play filled', () => source.send({ do: 'play' })),
      button('step', 'step', '', step(false)),
      speed,
    )
    const duration = hello?.scenario.duration ?? 0
    fill(length, duration > 0 && duration < ENDLESS ? say(language, 'of', { time: clock(duration, 0) }) : '')
  }
  const write = (): void => {
    const words = clock(smoothTime(state))
    if (time.textContent !== words) time.textContent = words
  }
  let told = ''
  store.on(['time'], () => {
    // the clock stands where the button says that it does, not a frame later
    write()
    const now = `${state.running} ${state.speed}`
    if (told === now) return
    told = now
    draw()
  })
  store.on(['hello', 'look'], draw)
  const tick = (): void => {
    write()
    requestAnimationFrame(tick)
  }
  requestAnimationFrame(tick)
  const tell = (): void => {
    const words = paceWords(state)
    if (note.textContent !== words) note.textContent = words
  }
  setInterval(tell, 1000)
  store.on(['jump', 'look'], tell)
  draw()
  return h('div', { class: 'transport' }, h('div', { class: 'clock' }, time, length), buttons, note)
}

/** The scale of time, and how many requests one dot stands for. */
function paceWords(state: State): string {
  const { language, speed, goal, time, edge } = state
  if (goal >= 0) return say(language, 'hurries', { time: clock(goal, 0) })
  const sampling = Number(document.querySelector<HTMLElement>('.graph')?.dataset['sampling'] ?? 1)
  const dots = sampling > 1 ? say(language, 'sampled', { n: sampling }) : say(language, 'everyDrawn')
  const pace =
    speed !== null && speed < 1
      ? say(language, 'slower', { n: (1 / speed).toLocaleString('en') })
      : time < edge
        ? say(language, 'replayed')
        : ''
  return [pace, dots].filter(part => part !== '').join(' · ')
}
