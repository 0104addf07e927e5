// What a session tells, made of what a run knows.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import { spanFrames } from './detail.ts'
import type { RequestDetailFrame, RequestFrame } from './frame.ts'
import type { Run } from './run.ts'
import { chosen } from './tape.ts'

/** Dots that one frame may bring. */
const REQUESTS_PER_FRAME = 24

/** A request with all that a run still knows of it. */
export function requestDetail(run: Run, traceId: number, request: RequestFrame | null): RequestDetailFrame {
  const trace = run.trace(traceId)
  const spans = trace === null ? [] : spanFrames(trace, run.topology, run.mesh?.resources() ?? [])
  return { type: 'request', traceId, request, spans }
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(found => found.level === 'error')

export function sameFiles(some: readonly SourceFile[], others: readonly SourceFile[]): boolean {
  return (
    some.length === others.length &&
    some.every((file, i) => file.name === others[i]?.name && file.content === others[i]?.content)
  )
}

/** One in n by a hash of the id, so that the same requests are drawn again; what went wrong is drawn first. */
export function sample(requests: readonly RequestFrame[]): { chosen: RequestFrame[]; sampling: number } {
  let sampling = 1
  while (requests.length > REQUESTS_PER_FRAME * sampling) sampling *= 2
  const bad = requests.filter(request => request.outcome !== 'ok').slice(0, REQUESTS_PER_FRAME)
  const good = requests.filter(r => r.outcome === 'ok' && chosen(r, sampling))
  const picked = [...bad, ...good.slice(0, Math.max(4, REQUESTS_PER_FRAME - bad.length))]
  return { chosen: picked.sort((a, b) => a.end - b.end || a.traceId - b.traceId), sampling }
}

/** False ends what is being done early; the rest is done, or let go, at the next `advance`. */
export type Patience = () => boolean

/** Patience for so many questions, where the rim brings no clock. */
export function countdown(times: number): Patience {
  let left = times
  return () => --left > 0
}

export function forever(): boolean {
  return true
}
