// How many bytes a message takes on the wire, head and body. HTTP/1 exactly as Envoy writes it; HTTP/2 with each header as a
// literal of its own, which is what a connection's first request takes (RFC 9113, RFC 7541): later ones are shorter.
import type { HeaderLines, HttpProtocol, HttpRequest, HttpResponse } from '../../../wire/types.ts'

/** Colon, blank and line feed of a header line. */
const LINE = 4
/** The frame's own header (RFC 9113, 4.1). */
const FRAME = 9
/** A literal with a new name: three bytes beside the text (RFC 7541, 6.2.1). */
const LITERAL = 3

function linesSize(lines: HeaderLines, each: number): number {
  let size = 0
  for (const [name, value] of lines) size += name.length + value.length + each
  return size
}

const dataFrame = (body: string): number => (body === '' ? 0 : FRAME + body.length)

export function requestBytes({ method, path, authority, scheme, headers, body, protocol }: HttpRequest): number {
  if (protocol === 'HTTP/2') {
    const pseudo = ':method'.length + ':path'.length + ':authority'.length + ':scheme'.length + 4 * LITERAL
    const values = method.length + path.length + authority.length + scheme.length
    return FRAME + pseudo + values + linesSize(headers, LITERAL) + dataFrame(body)
  }
  const requestLine = method.length + path.length + protocol.length + 4
  return requestLine + 'host'.length + authority.length + LINE + linesSize(headers, LINE) + 2 + body.length
}

/** `protocol`: what the client speaks. Reasons (`OK`) are counted as two letters. */
export function responseBytes({ headers, body, trailers }: HttpResponse, protocol: HttpProtocol): number {
  if (protocol === 'HTTP/2') {
    const tail = trailers === null ? 0 : FRAME + linesSize(trailers, LITERAL)
    return FRAME + ':status'.length + 3 + LITERAL + linesSize(headers, LITERAL) + dataFrame(body) + tail
  }
  return protocol.length + ' 200 OK\r\n'.length + linesSize(headers, LINE) + 2 + body.length
}
