// The scenario picker: a button that names what runs, and under it all scenarios with what their READMEs say.
import type { CardFrame } from '../../simulator/stream/frame.ts'
import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import type { Store } from '../store/store.ts'
import { say } from '../store/words.ts'
import { prose } from './prose.ts'

export interface Picker {
  button: HTMLElement
  panel: HTMLElement
}

export function pickerPanel(store: Store, source: Source, own: () => void): Picker {
  const { state } = store
  const button = h('button', { type: 'button', class: 'picker', 'data-test': 'scenario', 'aria-haspopup': 'dialog' })
  const find = h('input', { type: 'search', 'data-test': 'find-scenario' })
  const list = h('div', { class: 'cards', role: 'listbox' })
  const text = h('div', { class: 'card-text', 'data-test': 'scenario-text' })
  const panel = h('div', { class: 'shelf', role: 'dialog', hidden: true })
  let shown = ''

  const wordsOf = (card: CardFrame): CardFrame['en'] => card[state.language]
  const found = (): CardFrame[] => {
    const words = find.value.toLowerCase().split(/\s+/)
    return state.shelf.filter(card => {
      const { title, paragraphs } = wordsOf(card)
      const all = `${card.name} ${title} ${paragraphs.join(' ')}`.toLowerCase()
      return words.every(word => all.includes(word))
    })
  }
  const close = (): void => {
    panel.hidden = true
    button.setAttribute('aria-expanded', 'false')
    button.focus()
  }
  const open = (): void => {
    panel.hidden = false
    button.setAttribute('aria-expanded', 'true')
    shown = state.hello?.scenario.name ?? ''
    find.value = ''
    draw()
    find.focus()
    list.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'center' })
  }
  const begin = (name: string): void => {
    source.send({ do: 'open', scenario: name })
    close()
  }
  const show = (name: string): void => {
    if (shown === name) return
    shown = name
    for (const row of list.children)
      row.setAttribute('aria-selected', String(row instanceof HTMLElement && row.dataset['card'] === name))
    drawText()
  }
  const drawText = (): void => {
    const card = state.shelf.find(one => one.name === shown)
    if (card === undefined) {
      fill(text, h('p', { class: 'quiet' }, say(state.language, 'chooseScenario')))
      return
    }
    const { title, paragraphs } = wordsOf(card)
    fill(
      text,
      h('h2', { class: 'title' }, title),
      h('p', { class: 'quiet code' }, card.name),
      ...prose(paragraphs),
      h(
        'button',
        { type: 'button', class: 'filled', 'data-test': 'open-scenario', onclick: () => begin(card.name) },
        say(state.language, 'openScenario'),
      ),
    )
    text.scrollTop = 0
  }
  const draw = (): void => {
    const { language, hello } = state
    const cards = found()
    find.placeholder = say(language, 'findScenario', { n: state.shelf.length })
    find.setAttribute('aria-label', find.placeholder)
    panel.setAttribute('aria-label', say(language, 'scenarios'))
    list.setAttribute('aria-label', say(language, 'scenarios'))
    if (!cards.some(card => card.name === shown)) shown = cards[0]?.name ?? ''
    fill(
      list,
      ...cards.map(card =>
        h(
          'button',
          {
            type: 'button',
            role: 'option',
            'data-card': card.name,
            'aria-selected': String(card.name === shown),
            onfocus: () => show(card.name),
            onmouseenter: () => show(card.name),
            onclick: () => begin(card.name),
          },
          h('span', {}, wordsOf(card).title),
          card.name === hello?.scenario.name ? h('i', {}, say(language, 'runsNow')) : null,
        ),
      ),
      cards.length === 0 ? h('p', { class: 'quiet' }, say(language, 'noScenario')) : null,
    )
    fill(
      panel,
      h(
        'div',
        { class: 'shelf-left' },
        find,
        list,
        h('button', { type: 'button', 'data-test': 'own-files', onclick: own }, say(language, 'ownFiles')),
      ),
      text,
    )
    drawText()
  }
  const drawButton = (): void => {
    const { hello, language, shelf } = state
    const card = shelf.find(one => one.name === hello?.scenario.name)
    fill(button, card === undefined ? (hello?.scenario.title ?? say(language, 'scenarios')) : wordsOf(card).title, ' ▾')
    button.title = hello?.sentence ?? ''
  }
  button.addEventListener('click', () => (panel.hidden ? open() : close()))
  find.addEventListener('input', () => {
    draw()
    find.focus()
  })
  panel.addEventListener('keydown', event => {
    const rows = [...list.querySelectorAll<HTMLElement>('button')]
    const at = rows.indexOf(document.activeElement as HTMLElement)
    if (event.key === 'Escape') close()
    else if (event.key === 'ArrowDown') rows[Math.min(rows.length - 1, at + 1)]?.focus()
    else if (event.key === 'ArrowUp') (at <= 0 ? find : rows[at - 1])?.focus()
    else if (event.key === 'Enter' && document.activeElement === find && shown !== '') begin(shown)
    else return
    event.preventDefault()
    event.stopPropagation()
  })
  document.addEventListener('pointerdown', event => {
    const inside = event.composedPath()
    if (!panel.hidden && !inside.includes(panel) && !inside.includes(button)) {
      panel.hidden = true
      button.setAttribute('aria-expanded', 'false')
    }
  })
  store.on(['hello'], () => {
    panel.hidden = true
    button.setAttribute('aria-expanded', 'false')
  })
  store.on(['hello', 'look', 'shelf'], () => {
    drawButton()
    if (!panel.hidden) draw()
  })
  drawButton()
  return { button, panel }
}
