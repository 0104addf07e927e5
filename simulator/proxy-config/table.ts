// Text tables as Go's text/tabwriter lays them out for istioctl: every cell but the last is padded to its column.

/** Rows of equal length -> lines; `padding` blanks between columns. */
export function formatTable(rows: readonly (readonly string[])[], padding: number): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows
    .map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]! + padding))).join(''))
    .map(line => `${line}\n`)
    .join('')
}

/**
 * Go's sort.Slice for up to twelve elements: an insertion sort, which keeps the order of equals. istioctl relies on it
 * with comparisons that are no total order, so that the algorithm is part of what is printed.
 */
export function insertionSort<T>(items: readonly T[], less: (a: T, b: T) => boolean): T[] {
  const sorted = [...items]
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0 && less(sorted[j]!, sorted[j - 1]!); j--) {
      const swapped = sorted[j]!
      sorted[j] = sorted[j - 1]!
      sorted[j - 1] = swapped
    }
  }
  return sorted
}
