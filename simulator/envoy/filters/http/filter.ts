// The shape of an HTTP filter. One filter is one file; an instance belongs to a connection manager's configuration and
// holds only what was compiled from it. What belongs to one stream lives on the stream.
import type { HttpRequest, HttpResponse } from '../../../wire/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { header } from '../../json.ts'

/** stop: the filter will resume the stream, or has answered it. */
export type FilterStatus = 'continue' | 'stop'

export interface HttpFilter {
  /** The name under which routes override this filter. */
  readonly name: string
  onRequest(stream: HttpStream): FilterStatus
  /** In reverse order, for answers of any origin, which may be changed in place. stop: the filter will resume the answer. */
  onResponse?(stream: HttpStream, response: HttpResponse): FilterStatus
}

/** A preflight of CORS: asked by a browser before the request itself. */
export function isPreflight({ method, headers }: HttpRequest): boolean {
  if (method !== 'OPTIONS') return false
  return (header(headers, 'origin') ?? '') !== '' && (header(headers, 'access-control-request-method') ?? '') !== ''
}

/** Compiles each configuration once: routes hand the same object to every stream. */
export function compileOnce<C extends object, T>(compile: (config: C) => T): (config: C) => T {
  const known = new WeakMap<C, { value: T }>()
  return config => {
    let found = known.get(config)
    if (found === undefined) {
      found = { value: compile(config) }
      known.set(config, found)
    }
    return found.value
  }
}
