// Request headers by which a test client tells a steerable application what to do with this one request.
import type { HeaderLines, HttpRequest } from '../../wire/types.ts'

export interface Steering {
  status: number | undefined
  delayUs: number
  reset: boolean
  grpcStatus: number | undefined
  responseHeaders: HeaderLines
}

/** Null when no header steers, or another workload is meant (`x-app-only`). */
export function readSteering(request: HttpRequest, workload: string): Steering | null {
  const steering: Steering = { status: undefined, delayUs: 0, reset: false, grpcStatus: undefined, responseHeaders: [] }
  let found = false
  for (const [name, value] of request.headers) {
    if (!name.startsWith('x-app-')) continue
    if (name === 'x-app-only' && value !== workload) return null
    found = true
    if (name === 'x-app-status') steering.status = wholeNumber(value)
    else if (name === 'x-app-delay-ms') steering.delayUs = (wholeNumber(value) ?? 0) * 1_000
    else if (name === 'x-app-reset') steering.reset = value !== '' && value !== '0' && value !== 'false'
    else if (name === 'x-app-grpc-status') steering.grpcStatus = wholeNumber(value)
    else if (name === 'x-app-response-headers') steering.responseHeaders = pairs(value)
  }
  return found ? steering : null
}

function wholeNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** "a=1;b=2" */
function pairs(text: string): HeaderLines {
  const lines: HeaderLines = []
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0) lines.push([part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1)])
  }
  return lines
}
