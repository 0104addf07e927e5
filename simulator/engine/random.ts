// One seed, many named streams (alea by Johannes Baagøe, package seedrandom). A stream's dice depend on the seed and
// its name alone, never on the order in which streams are asked for. Exponential and normal deviates by the ziggurat
// of Marsaglia and Tsang; its tables come from exact arithmetic, so every JavaScript engine draws the same bits.
import seedrandom from 'seedrandom'
import { exactExp, exactLog } from './exact-math.ts'
import type { RandomStream, RandomTree } from './types.ts'

interface Ziggurat {
  /** Right edge of each layer, widest first, 0 at the end. */
  readonly x: Float64Array
  /** Density at those edges. */
  readonly f: Float64Array
}

const LAYERS = 256
const EXPONENTIAL_EDGE = 7.69711747013105
const NORMAL_LAYERS = 128
const NORMAL_EDGE = 3.442619855899

const EXPONENTIAL = ziggurat(
  LAYERS,
  EXPONENTIAL_EDGE,
  3.949659822581572e-3,
  x => exactExp(-x),
  y => -exactLog(y),
)
const NORMAL = ziggurat(
  NORMAL_LAYERS,
  NORMAL_EDGE,
  9.91256303526217e-3,
  x => exactExp(-0.5 * x * x),
  y => Math.sqrt(-2 * exactLog(y)),
)

/** `layers` strips of equal area under a falling density: `edge` begins the tail, `area` is that of one strip. */
function ziggurat(
  layers: number,
  edge: number,
  area: number,
  density: (x: number) => number,
  inverse: (y: number) => number,
): Ziggurat {
  const x = new Float64Array(layers + 1)
  const f = new Float64Array(layers + 1)
  x[0] = area / density(edge)
  f[0] = 0
  let right = edge
  for (let i = 1; i < layers; i++) {
    x[i] = right
    f[i] = density(right)
    right = inverse(Math.min(1, area / right + density(right)))
  }
  x[layers] = 0
  f[layers] = 1
  return { x, f }
}

const TWO_24 = 16777216
const TWO_32 = 4294967296

class AleaStream implements RandomStream {
  private readonly draw: () => number

  constructor(key: string) {
    this.draw = seedrandom.alea(key)
  }

  next(): number {
    return this.draw()
  }

  below(n: number): number {
    return Math.floor(this.draw() * n)
  }

  exponential(): number {
    const { x, f } = EXPONENTIAL
    for (;;) {
      const bits = (this.draw() * TWO_32) >>> 0
      const layer = bits & 255
      const value = ((bits >>> 8) / TWO_24) * x[layer]!
      if (value < x[layer + 1]!) return value
      // The tail of an exponential is an exponential again.
      if (layer === 0) return EXPONENTIAL_EDGE - exactLog(1 - this.draw())
      if (f[layer]! + this.draw() * (f[layer + 1]! - f[layer]!) < exactExp(-value)) return value
    }
  }

  normal(): number {
    const { x, f } = NORMAL
    for (;;) {
      const bits = (this.draw() * TWO_32) >>> 0
      const layer = bits & 127
      const sign = (bits & 128) === 0 ? 1 : -1
      const value = ((bits >>> 8) / TWO_24) * x[layer]!
      if (value < x[layer + 1]!) return sign * value
      if (layer === 0) return sign * this.normalTail()
      if (f[layer]! + this.draw() * (f[layer + 1]! - f[layer]!) < exactExp(-0.5 * value * value)) return sign * value
    }
  }

  /** Beyond the ziggurat's edge, by Marsaglia's method. */
  private normalTail(): number {
    for (;;) {
      const beyond = -exactLog(1 - this.draw()) / NORMAL_EDGE
      const height = -exactLog(1 - this.draw())
      if (height + height > beyond * beyond) return NORMAL_EDGE + beyond
    }
  }
}

/** The dice of a run. Asking twice for the same name gives two streams that begin alike: ask once, at construction. */
export function createRandomTree(seed: string | number): RandomTree {
  const root = String(seed)
  return { seed: root, stream: name => new AleaStream(`${root}/${name}`) }
}
