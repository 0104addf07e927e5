// Elements by hand: attributes, listeners and children in one call. Children are nodes or text, never markup, so that no
// name out of a user's YAML can become an element.

type Listener = (event: Event) => void
export type Attributes = Record<string, string | number | boolean | null | Listener>
export type Child = Node | string | number | null | false

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  dress(element, attributes)
  put(element, children)
  return element
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  dress(element, attributes)
  put(element, children)
  return element
}

/** Replaces all children. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren()
  put(element, children)
}

function dress(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
}

function put(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === false) continue
    element.append(child instanceof Node ? child : String(child))
  }
}

/** Makes a row or mark that can be clicked reachable by the keyboard too. */
export function pressable(element: Element, act: () => void): void {
  element.setAttribute('tabindex', '0')
  element.addEventListener('click', act)
  element.addEventListener('keydown', event => {
    if (!(event instanceof KeyboardEvent) || event.key !== 'Enter') return
    event.preventDefault()
    act()
  })
}
