// The route's word on response headers; it counts for answers from upstream and for the proxy's own
// (source/common/router/config_impl.cc finalizeResponseHeaders).
import type { HttpResponse } from '../../wire/types.ts'
import { mutate } from '../header-lines.ts'
import type { HttpStream } from '../http/stream.ts'
import type { HeaderChange } from '../route.ts'
import { formatHeader } from './format.ts'

const isEmpty = ({ add, remove }: HeaderChange): boolean => add.length + remove.length === 0

export function mutateResponse(stream: HttpStream, response: HttpResponse): void {
  const { choice, route } = stream
  if (route === null) return
  // most routes change nothing
  if (route.response.length === 0 && (choice === null || isEmpty(choice.change.response))) return
  const format = (value: string): string => formatHeader(value, stream, response)
  if (choice !== null) mutate(response.headers, choice.change.response, format)
  for (const change of route.response) mutate(response.headers, change, format)
}
