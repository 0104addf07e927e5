// Figures as people read them: at most three significant digits, the unit always there, one shape in all languages.

function digits(n: number): string {
  if (n >= 100 || n === 0) return String(Math.round(n))
  return n >= 10 ? n.toFixed(1) : n.toFixed(n >= 1 ? 1 : 2)
}

export function rate(perSecond: number): string {
  return perSecond >= 1000 ? `${digits(perSecond / 1000)}k rps` : `${perSecond.toFixed(perSecond < 100 ? 1 : 0)} rps`
}

/** Inside a node there is room for four characters. */
export function shortRate(perSecond: number): string {
  if (perSecond >= 1000) return `${digits(perSecond / 1000)}k`
  return perSecond >= 10 ? String(Math.round(perSecond)) : perSecond.toFixed(1)
}

/** Microseconds to `4 ms`, `12.5 ms`, `3.00 s`. */
export function duration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`
  return us < 100_000_000 ? `${(us / 1_000_000).toFixed(2)} s` : `${Math.round(us / 1_000_000)} s`
}

export function percent(share: number): string {
  const value = share * 100
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`
}

/** `1:41.206`; `digits` of the second's fraction. */
export function clock(us: number, fraction = 3): string {
  const ms = Math.floor(us / 1000)
  const minutes = Math.floor(ms / 60_000)
  const seconds = String(Math.floor(ms / 1000) % 60).padStart(2, '0')
  const rest =
    fraction === 0
      ? ''
      : `.${String(ms % 1000)
          .padStart(3, '0')
          .slice(0, fraction)}`
  return `${minutes}:${seconds}${rest}`
}

/** `http://bookinfo.example.com/productpage` -> `/productpage`. */
export function pathOf(url: string): string {
  const match = /^https?:\/\/[^/]*(\/.*)?$/.exec(url)
  return match === null ? url : (match[1] ?? '/')
}
