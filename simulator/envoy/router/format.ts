// Values of added headers that quote the stream (source/common/formatter/stream_info_formatter.cc, substitution_format_utility.cc).
// What is not known stays as it is written: the configuration was accepted by a newer Envoy, or is wrong.
import type { HttpResponse } from '../../wire/types.ts'
import type { HttpStream } from '../http/stream.ts'
import { header } from '../json.ts'

const COMMAND = /%%|%([A-Z_]+)(?:\(([^)]*)\))?(?::(\d+))?%/g

type Operator = (stream: HttpStream, argument: string, response: HttpResponse | null) => string

function requestHeader(stream: HttpStream, name: string): string {
  const { request } = stream
  const key = name.toLowerCase()
  if (key === ':authority' || key === 'host') return request.authority
  if (key === ':path') return request.path
  if (key === ':method') return request.method
  if (key === ':scheme') return stream.scheme()
  return header(request.headers, key) ?? ''
}

/** `X?Y`: Y where there is no X. */
function either(argument: string, read: (name: string) => string): string {
  for (const name of argument.split('?')) {
    const value = read(name.trim())
    if (value !== '') return value
  }
  return ''
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['REQ', (stream, argument) => either(argument, name => requestHeader(stream, name))],
  [
    'RESP',
    (_stream, argument, response) =>
      response === null ? '' : either(argument, name => header(response.headers, name.toLowerCase()) ?? ''),
  ],
  ['PROTOCOL', stream => stream.received.protocol],
  ['RESPONSE_CODE', (_stream, _argument, response) => String(response?.status ?? 0)],
  ['RESPONSE_CODE_DETAILS', stream => stream.details],
  ['RESPONSE_FLAGS', stream => (stream.flags.length === 0 ? '-' : stream.flags.join(','))],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', stream => stream.remoteIp],
  ['DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT', stream => stream.down.sourceIp],
  ['DOWNSTREAM_REMOTE_ADDRESS', stream => `${stream.remoteIp}:${stream.down.sourcePort}`],
  ['DOWNSTREAM_LOCAL_ADDRESS', stream => `${stream.down.ip}:${stream.down.port}`],
  ['DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT', stream => stream.down.ip],
  ['DOWNSTREAM_LOCAL_PORT', stream => String(stream.down.port)],
  ['DOWNSTREAM_PEER_URI_SAN', stream => stream.down.peer],
  ['REQUESTED_SERVER_NAME', stream => stream.down.sni],
  ['ROUTE_NAME', stream => stream.route?.name ?? ''],
  ['UPSTREAM_CLUSTER', stream => stream.clusterName],
  ['UPSTREAM_HOST', stream => stream.router.host?.key ?? ''],
  ['UPSTREAM_REMOTE_ADDRESS', stream => stream.router.host?.key ?? ''],
  ['HOSTNAME', stream => stream.core.options.pod],
])

/** `response` null while the request goes up. */
export function formatHeader(value: string, stream: HttpStream, response: HttpResponse | null): string {
  if (!value.includes('%')) return value
  return value.replace(COMMAND, (all: string, name: string | undefined, argument = '', length = '') => {
    if (name === undefined) return '%'
    const operator = OPERATORS.get(name)
    if (operator === undefined) return all
    const text = operator(stream, argument, response)
    return length === '' ? text : text.slice(0, Number(length))
  })
}
