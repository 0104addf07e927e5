// The request as the router sends it: header mutations of every level, then host, then path
// (source/common/router/config_impl.cc finalizeRequestHeaders, router.cc).
import type { HeaderLines, HttpRequest } from '../../wire/types.ts'
import { mutate, put } from '../header-lines.ts'
import { barePath } from '../http/path.ts'
import type { HttpStream } from '../http/stream.ts'
import { header, text } from '../json.ts'
import { type CompiledRoute, matchedLength } from '../route.ts'
import { formatHeader } from './format.ts'

/** `expected`: µs that the caller waits at most, 0 = for ever. */
export function outgoingRequest(stream: HttpStream, route: CompiledRoute, expected: number): HttpRequest {
  const { request, choice } = stream
  const headers: HeaderLines = request.headers.slice()
  const out: HttpRequest = { ...request, headers, parentSpan: stream.span }
  const format = (value: string): string => formatHeader(value, stream, null)
  if (choice !== null) mutate(headers, choice.change.request, format)
  for (const change of route.request) mutate(headers, change, format)
  const host = newHost(route, request)
  if (host !== '') {
    put(headers, 'x-envoy-original-host', request.authority)
    out.authority = host
  }
  const path = newPath(route, request.path)
  if (path !== null) {
    put(headers, 'x-envoy-original-path', request.path)
    out.path = path
  }
  if (expected > 0) put(headers, 'x-envoy-expected-rq-timeout-ms', String(Math.floor(expected / 1000)))
  return out
}

function newHost(route: CompiledRoute, request: HttpRequest): string {
  const { host_rewrite_literal: literal, host_rewrite_header: named } = route.action
  if (literal === undefined && named === undefined) return ''
  const name = text(named).toLowerCase()
  return text(literal) || (name === '' ? '' : (header(request.headers, name) ?? ''))
}

function newPath(route: CompiledRoute, path: string): string | null {
  const { prefix_rewrite: prefix } = route.action
  const prefixed = typeof prefix === 'string' && prefix !== ''
  if (!prefixed && route.rewriteRegex === null) return null
  const bare = barePath(path)
  if (prefixed) return prefix + path.slice(matchedLength(route, bare))
  if (route.rewriteRegex === null) return null
  const { pattern, substitution } = route.rewriteRegex
  return pattern.matcher(bare).replaceAll(substitution) + path.slice(bare.length)
}
