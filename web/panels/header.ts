// Name, scenario, views, language, theme. Looks are the reader's own and are remembered in this browser.
import { fill, h } from '../dom.ts'
import { icon } from '../marks/icons.ts'
import type { Store, View } from '../store/store.ts'
import { say } from '../store/words.ts'
import { logo } from './logo.ts'

export function headerPanel(store: Store, host: HTMLElement, picker: HTMLElement): void {
  const { state } = store
  const draw = (): void => {
    const { language } = state
    document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en'
    document.documentElement.dataset['theme'] = state.theme
    const view = (name: View): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-view': name,
          'aria-pressed': String(state.view === name),
          onclick: () => store.change({ view: name }, 'look', 'selection'),
        },
        say(language, name),
      )
    fill(
      host,
      h('div', { class: 'mark' }, logo(), 'meshsim'),
      picker,
      h('nav', { class: 'views' }, view('mesh'), view('metrics'), view('requests')),
      h('div', { class: 'space' }),
      h(
        'button',
        {
          class: 'icon bare',
          type: 'button',
          'data-test': 'language',
          'aria-label': say(language, 'languageName'),
          onclick: () => look({ language: language === 'en' ? 'zh' : 'en' }),
        },
        language === 'en' ? icon('chinese') : 'EN',
      ),
      h(
        'button',
        {
          class: 'icon bare',
          type: 'button',
          'data-test': 'theme',
          'aria-label': say(language, 'theme'),
          onclick: () => look({ theme: state.theme === 'dark' ? 'light' : 'dark' }),
        },
        icon('sun'),
      ),
    )
  }
  const look = (changes: Partial<Pick<Store['state'], 'language' | 'theme'>>): void => {
    for (const [key, value] of Object.entries(changes)) localStorage.setItem(`meshsim ${key}`, value)
    // The theme must be on the page before marks read its colours.
    document.documentElement.dataset['theme'] = changes.theme ?? state.theme
    store.change(changes, 'look')
  }
  store.on(['hello', 'look'], draw)
  draw()
}
