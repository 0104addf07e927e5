// Events of the present instant, first in, first out: a ring in typed arrays that grows and never shrinks.

export class PresentQueue {
  size = 0
  private head = 0
  private mask = 63
  private sequences = new Float64Array(64)
  private slots = new Int32Array(64)

  /** Sequence of the first; only while `size` > 0. */
  get sequence(): number {
    return this.sequences[this.head]!
  }

  /** Slot of the first; only while `size` > 0. */
  get slot(): number {
    return this.slots[this.head]!
  }

  push(sequence: number, slot: number): void {
    if (this.size > this.mask) this.grow()
    const at = (this.head + this.size++) & this.mask
    this.sequences[at] = sequence
    this.slots[at] = slot
  }

  /** Removes the first. */
  shift(): void {
    this.head = (this.head + 1) & this.mask
    this.size--
  }

  private grow(): void {
    const { head, mask, size } = this
    const sequences = new Float64Array(size * 2)
    const slots = new Int32Array(size * 2)
    for (let i = 0; i < size; i++) {
      sequences[i] = this.sequences[(head + i) & mask]!
      slots[i] = this.slots[(head + i) & mask]!
    }
    this.sequences = sequences
    this.slots = slots
    this.head = 0
    this.mask = size * 2 - 1
  }
}
