// The route's word on response headers; it counts for answers from upstream and for the proxy's own
// (source/common/router/config_impl.cc finalizeResponseHeaders).
import type { HttpResponse } from '../../wire/types.ts'
import { mutate } from '../header-lines.ts'
import type { HttpStream } from '../http/stream.ts'
import { formatHeader } from './format.ts'

export function mutateResponse(stream: HttpStream, response: HttpResponse): void {
  const { choice, route } = stream
  if (route === null) return
  const format = (value: string): string => formatHeader(value, stream, response)
  if (choice !== null) mutate(response.headers, choice.change.response, format)
  for (const change of route.response) mutate(response.headers, change, format)
}
