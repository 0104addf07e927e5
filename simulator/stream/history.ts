// What was done to a run, so that it can be run again: the same documents at the same virtual times give the same run,
// event for event. Another future begins by running again from the beginning.
import type { SourceFile } from '../resources/types.ts'

/** Documents that were applied. */
export interface Act {
  /** Virtual time; all events of that instant had run. */
  at: number
  files: readonly SourceFile[]
}

export class History {
  private readonly acts: readonly Act[]
  private next = 0

  constructor(acts: readonly Act[] = []) {
    this.acts = acts
  }

  /** The same acts up to `time`, none of them done yet. */
  until(time: number): History {
    return new History(this.acts.filter(act => act.at <= time))
  }

  /** The same with all acts done. */
  done(): History {
    const all = new History(this.acts)
    all.next = all.acts.length
    return all
  }

  /** The same with one more act, done already, as all before it. */
  with(act: Act): History {
    const more = new History([...this.acts, act])
    more.next = more.acts.length
    return more
  }

  /** The next act at or before `time`, which is taken as done; null when none is left. */
  take(time: number): Act | null {
    const act = this.acts[this.next]
    if (act === undefined || act.at > time) return null
    this.next++
    return act
  }

  /** The documents of the beginning as they stood at `time`. */
  filesAt(files: readonly SourceFile[], time: number): SourceFile[] {
    return this.acts.filter(act => act.at <= time).reduce((now, act) => merged(now, act.files), [...files])
  }
}

/** Files of the same name are replaced, others added. */
export function merged(files: readonly SourceFile[], changed: readonly SourceFile[]): SourceFile[] {
  const result = files.map(file => changed.find(c => c.name === file.name) ?? file)
  for (const file of changed) if (!files.some(f => f.name === file.name)) result.push(file)
  return result
}
