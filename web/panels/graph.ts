// The middle: nodes and ribbons as SVG, dots as canvas above them, one camera for both. The layout is made when a node or
// an edge comes, never because traffic changes; the camera belongs to the user once he has moved it.
import { select, type ZoomTransform, zoom, zoomIdentity } from 'd3'
import { fill, h, s } from '../dom.ts'
import { placeLabels, type Rect } from '../layout/labels.ts'
import { type Layout, layered, type Point } from '../layout/layered.ts'
import { type Way, wayBetween } from '../layout/way.ts'
import { type Colours, Dots } from '../marks/dots.ts'
import { drawEdges } from '../marks/edge.ts'
import { type IconName, icon } from '../marks/icons.ts'
import { legend } from '../marks/legend.ts'
import { drawNodes } from '../marks/node.ts'
import { doorOf, radiusOf } from '../marks/shapes.ts'
import { type Store, smoothTime } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'

const EDGE_ROOM = 4
/** A step shows its request for so long although the mesh stands. */
const STEP_SHOWN_MS = 9000

export function graphPanel(
  store: Store,
  choose: {
    node: (id: string) => void
    edge: (id: string) => void
    request: (id: number) => void
    /** A second click on a node: one level in. */
    inside: (id: string) => void
    nothing: () => void
  },
): HTMLElement {
  const { state } = store
  const svg = s('svg', { class: 'marks', role: 'group', 'aria-label': 'mesh' })
  const canvas = h('canvas', { 'aria-hidden': 'true' })
  const notes = h('div')
  const cameraButtons = h('div', { class: 'camera' })
  const host = h('div', { class: 'graph' }, svg, canvas, notes, cameraButtons)
  const scene = s('g')
  const [boxes, ribbons, nodes, labels] = [s('g'), s('g'), s('g'), s('g')]
  scene.append(boxes, ribbons, nodes, labels)
  svg.append(definitions(), scene)
  const dots = new Dots()
  let layout: Layout = layered(state.topology, new Map())
  let ways = new Map<string, Way>()
  let labelPlaces = new Map<string, Point>()
  let radii = new Map<string, number>()
  let camera: ZoomTransform = zoomIdentity
  let userCamera = false
  let size = { width: 0, height: 0 }
  let linger = 0
  let since = 0
  let colours = readColours()

  const behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent([0.2, 4])
    .on('zoom', event => {
      camera = event.transform
      if (event.sourceEvent !== null) userCamera = true
      scene.setAttribute('transform', camera.toString())
    })
  const view = select<SVGSVGElement, unknown>(svg)
  view.call(behaviour).on('dblclick.zoom', null)

  const frameAll = (): void => {
    if (size.width === 0 || layout.width === 0) return
    const scale = Math.min(1.3, size.width / layout.width, (size.height - 30) / layout.height)
    const x = (size.width - layout.width * scale) / 2
    const y = Math.max(0, (size.height - 30 - layout.height * scale) / 2)
    view.call(behaviour.transform, zoomIdentity.translate(x, y).scale(scale))
  }
  const measure = (): void => {
    const box = host.getBoundingClientRect()
    size = { width: box.width, height: box.height }
    canvas.width = Math.round(box.width * devicePixelRatio)
    canvas.height = Math.round(box.height * devicePixelRatio)
    if (!userCamera) frameAll()
  }
  new ResizeObserver(measure).observe(host)

  const relayout = (): void => {
    const places = layout.places
    const kept = new Map([...places].filter(([id]) => state.topology.nodes.some(node => node.id === id)))
    const isNew = kept.size < 3
    layout = layered(state.topology, isNew ? new Map() : kept)
    if (isNew) {
      userCamera = false
      dots.clear()
    }
    if (!userCamera) frameAll()
    draw()
  }
  const draw = (): void => {
    // A radius follows its rate in steps, so that nothing trembles.
    for (const node of state.topology.nodes) {
      const wanted = radiusOf(node.kind, state.nodes.get(node.id)?.rate ?? 0)
      const now = radii.get(node.id)
      if (now === undefined || Math.abs(wanted - now) > now * 0.08) radii = new Map(radii).set(node.id, wanted)
    }
    const kinds = new Map(state.topology.nodes.map(node => [node.id, node.kind]))
    const next = new Map<string, Way>()
    for (const edge of state.topology.edges) {
      const [from, to] = [layout.places.get(edge.source), layout.places.get(edge.target)]
      const [near, far] = [edge.source, edge.target].map(id => doorOf(kinds.get(id) ?? 'workload', radii.get(id) ?? 24))
      if (from !== undefined && to !== undefined) {
        next.set(edge.id, wayBetween(from, to, (near ?? 24) - 3, (far ?? 24) + EDGE_ROOM))
      }
    }
    const before = [...ways.keys()].join()
    ways = next
    dots.scene = { ways, places: layout.places, radii }
    if (before !== [...ways.keys()].join() || labelPlaces.size === 0)
      labelPlaces = placeLabels(importance(), namesAndNodes())
    drawBoxes()
    const { selection, language, pushes, topology } = state
    drawEdges(select(ribbons), select(labels), {
      edges: topology.edges,
      figures: state.edges,
      ways,
      labels: labelPlaces,
      chosen: selection.kind === 'edge' ? selection.id : '',
      language,
      choose: choose.edge,
    })
    drawNodes(select(nodes), {
      topology,
      figures: state.nodes,
      places: layout.places,
      radii,
      chosen: selection.kind === 'node' ? selection.id : '',
      pushes,
      language,
      choose: id => (selection.kind === 'node' && selection.id === id ? choose.inside(id) : choose.node(id)),
    })
  }
  const importance = (): (readonly [string, Way])[] => {
    const straight = (way: Way): number => Math.abs(way.from.y - way.to.y)
    return [...ways].sort((a, b) => straight(a[1]) - straight(b[1]) || (a[0] < b[0] ? -1 : 1))
  }
  const namesAndNodes = (): Rect[] =>
    [...layout.places].flatMap(([id, { x, y }]) => {
      const r = radii.get(id) ?? 24
      return [
        { x: x - r - 4, y: y - r - 4, width: 2 * r + 8, height: 2 * r + 8 },
        { x: x - 46, y: y + r + 6, width: 92, height: 32 },
      ]
    })
  const drawBoxes = (): void => {
    fill(
      boxes,
      ...layout.boxes.flatMap(box => [
        s('rect', {
          class: box.kind === 'app' ? 'appbox' : 'namespace',
          x: box.x,
          y: box.y,
          width: box.width,
          height: box.height,
          rx: box.kind === 'app' ? 10 : 18,
        }),
        box.kind === 'app'
          ? s(
              'text',
              { class: 'box-name', x: box.x + box.width / 2, y: box.y + box.height + 14, 'text-anchor': 'middle' },
              `app ${box.label}`,
            )
          : s('text', { class: 'box-name', x: box.x + 14, y: box.y + 18 }, box.label),
      ]),
    )
  }
  const furnish = (): void => {
    const { language } = state
    colours = readColours()
    const empty: Word | null = state.hello === null ? 'building' : state.topology.nodes.length === 0 ? 'noMesh' : null
    fill(notes, legend(language), empty === null ? null : h('div', { class: 'empty' }, say(language, empty)))
    const button = (name: IconName, word: Word, act: () => void): HTMLElement =>
      h(
        'button',
        {
          class: 'icon bare',
          type: 'button',
          title: say(language, word),
          'aria-label': say(language, word),
          onclick: act,
        },
        icon(name),
      )
    fill(
      cameraButtons,
      button('plus', 'zoomIn', () => view.call(behaviour.scaleBy, 1.25)),
      button('minus', 'zoomOut', () => view.call(behaviour.scaleBy, 0.8)),
      button('fit', 'fit', () => {
        userCamera = false
        frameAll()
      }),
    )
  }

  svg.addEventListener('click', event => {
    const box = svg.getBoundingClientRect()
    const [x, y] = camera.invert([event.clientX - box.left, event.clientY - box.top])
    const hit = dots.at({ x, y }, 12 / camera.k)
    if (hit !== null) choose.request(hit.traceId)
    else choose.nothing()
  })
  // A dot over a ribbon wins: it is the smaller thing.
  svg.addEventListener(
    'click',
    event => {
      const box = svg.getBoundingClientRect()
      const [x, y] = camera.invert([event.clientX - box.left, event.clientY - box.top])
      const hit = dots.at({ x, y }, 7 / camera.k)
      if (hit === null) return
      event.stopPropagation()
      choose.request(hit.traceId)
    },
    true,
  )

  const reduced = matchMedia('(prefers-reduced-motion: reduce)')
  let last = performance.now()
  const frame = (now: number): void => {
    const passed = Math.min(100, now - last)
    if (!reduced.matches || now - last >= 500) {
      last = now
      linger = state.running ? 0 : Math.min(STEP_SHOWN_MS, linger + (linger > 0 ? passed : 0))
      paint()
    }
    requestAnimationFrame(frame)
  }
  const paint = (): void => {
    const context = canvas.getContext('2d')
    if (context === null || state.view !== 'mesh') return
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, canvas.width, canvas.height)
    const k = camera.k * devicePixelRatio
    context.setTransform(k, 0, 0, k, camera.x * devicePixelRatio, camera.y * devicePixelRatio)
    const { selection } = state
    const moment = { time: smoothTime(state), pace: state.pace, linger, since: linger > 0 ? since : -1 }
    const followed = selection.kind === 'request' ? selection.traceId : -1
    dots.draw(context, colours, moment, state.requests, state.events, followed)
    host.dataset['sampling'] = String(dots.sampling * state.sampling)
  }
  requestAnimationFrame(frame)

  store.on(['hello'], () => dots.clear())
  store.on(['topology'], relayout)
  store.on(['figures', 'selection'], draw)
  store.on(['hello', 'topology', 'look'], furnish)
  store.on(['look'], draw)
  let before = { running: true, time: 0 }
  store.on(['time'], () => {
    // A step shows what it brought, and that alone, although the mesh stands.
    if (!state.running && !before.running && state.time > before.time) {
      linger = 1
      since = before.time
    }
    before = { running: state.running, time: state.time }
  })
  store.on(['jump'], () => {
    linger = 0
  })
  furnish()
  return host
}

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    moon: of('moon'),
    ok: of('ok'),
    warn: of('warn'),
    fail: of('fail'),
    denied: of('denied'),
    plane: of('plane'),
    accent: of('accent'),
    canvas: of('canvas'),
  }
}

/** Hatches and the one halo. */
function definitions(): SVGDefsElement {
  const hatch = s('pattern', {
    id: 'hatch',
    width: 4,
    height: 4,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  })
  hatch.append(s('rect', { width: 2.6, height: 4, fill: 'var(--fail)' }))
  const halo = s('radialGradient', { id: 'halo' })
  halo.append(
    s('stop', { offset: '40%', 'stop-color': 'var(--fail)', 'stop-opacity': 0.26 }),
    s('stop', { offset: '100%', 'stop-color': 'var(--fail)', 'stop-opacity': 0 }),
  )
  return s('defs', {}, hatch, halo)
}
