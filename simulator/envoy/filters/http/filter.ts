// The shape of an HTTP filter. One filter is one file; an instance belongs to a connection manager's configuration and
// holds only what was compiled from it. What belongs to one stream lives on the stream.
import type { HttpResponse } from '../../../wire/types.ts'
import type { HttpStream } from '../../http/stream.ts'

/** stop: the filter will resume the stream, or has answered it. */
export type FilterStatus = 'continue' | 'stop'

export interface HttpFilter {
  /** The name under which routes override this filter. */
  readonly name: string
  onRequest(stream: HttpStream): FilterStatus
  /** In reverse order, for answers of any origin. Headers may be changed in place. */
  onResponse?(stream: HttpStream, response: HttpResponse): void
}
