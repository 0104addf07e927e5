// What was done to a run, so that it can be run again: the same documents at the same virtual times give the same run,
// event for event. Going back in time is running forward from the beginning.
import type { SourceFile } from '../resources/types.ts'

/** Documents that were applied. */
export interface Act {
  /** Virtual time; all events of that instant had run. */
  at: number
  files: readonly SourceFile[]
}

export class History {
  private acts: Act[] = []
  private next = 0

  /** From the beginning again, with the same acts to come. */
  rewind(): void {
    this.next = 0
  }

  /** Forgets everything. */
  clear(): void {
    this.acts = []
    this.next = 0
  }

  /** Something new is done now: what was still to come belongs to another future. */
  add(act: Act): void {
    this.acts.length = this.next
    this.acts.push(act)
    this.next++
  }

  /** The next act at or before `time`, which is taken as done; null when none is left. */
  take(time: number): Act | null {
    const act = this.acts[this.next]
    if (act === undefined || act.at > time) return null
    this.next++
    return act
  }
}
