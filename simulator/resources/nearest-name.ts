// Which of the known names a misspelt word most likely stands for.

/** Edits (insert, delete, replace) between two short words. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_item, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row[right.length] ?? 0
}

/** The known name that a misspelt one most likely stands for, or null. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const name of known) {
    const edits = distance(word.slice(0, 64).toLowerCase(), name.toLowerCase())
    if (edits < least) {
      least = edits
      best = name
    }
  }
  return best
}
