// Earliest deadline first: the scheduler behind every weighted choice (envoy: source/common/upstream/edf_scheduler.h).
// An entry's next turn lies 1/weight after its last; equal deadlines go in order of insertion, so shares are exact.

/** Binary heap over parallel arrays: this runs once per pick. */
export class EdfScheduler<T> {
  private readonly deadlines: number[] = []
  private readonly orders: number[] = []
  private readonly items: T[] = []
  private now = 0
  private order = 0

  get size(): number {
    return this.items.length
  }

  /** `weight` > 0. */
  add(item: T, weight: number): void {
    this.deadlines.push(this.now + 1 / weight)
    this.orders.push(this.order++)
    this.items.push(item)
    this.up(this.items.length - 1)
  }

  /** The entry whose turn it is; it goes back with the weight it has now. */
  pick(weightOf: (item: T) => number): T | null {
    const item = this.items[0]
    if (item === undefined) return null
    this.now = this.deadlines[0] ?? 0
    this.deadlines[0] = this.now + 1 / weightOf(item)
    this.orders[0] = this.order++
    this.down()
    return item
  }

  private before(a: number, b: number): boolean {
    const x = this.deadlines[a] ?? 0
    const y = this.deadlines[b] ?? 0
    return x < y || (x === y && (this.orders[a] ?? 0) < (this.orders[b] ?? 0))
  }

  private swap(a: number, b: number): void {
    const { deadlines, orders, items } = this
    const [d, o, i] = [deadlines[a] ?? 0, orders[a] ?? 0, items[a] as T]
    deadlines[a] = deadlines[b] ?? 0
    orders[a] = orders[b] ?? 0
    items[a] = items[b] as T
    deadlines[b] = d
    orders[b] = o
    items[b] = i
  }

  private up(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.before(at, parent)) return
      this.swap(at, parent)
      at = parent
    }
  }

  private down(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= this.items.length) return
      const child = left + 1 < this.items.length && this.before(left + 1, left) ? left + 1 : left
      if (!this.before(child, at)) return
      this.swap(child, at)
      at = child
    }
  }
}
