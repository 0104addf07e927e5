// The order of names wherever Istio sorts.

/** Byte order, as Go compares strings of ASCII. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
