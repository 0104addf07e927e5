// Header operations of a route or destination (pilot/pkg/networking/core/route/route.go TranslateHeadersOperations).
import { compareText } from '../../registry/names.ts'
import type { Headers } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'

export interface HeaderOperations {
  requestAdd: JsonObject[]
  requestRemove: string[]
  responseAdd: JsonObject[]
  responseRemove: string[]
  /** New `:authority`, or ''. */
  authority: string
}

const isAuthority = (name: string): boolean => ['host', ':authority'].includes(name.toLowerCase())
const isInternal = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host'

function values(headers: Readonly<Record<string, string>> | undefined, append: boolean): JsonObject[] {
  return Object.entries(headers ?? {})
    .filter(([name]) => !isInternal(name))
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => ({
      // APPEND_IF_EXISTS_OR_ADD is the default of the proto
      ...(append ? {} : { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
      header: { key, ...(value === '' ? {} : { value }) },
    }))
}

const authorityIn = (headers: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(headers ?? {}).find(([name]) => isAuthority(name))?.[1] ?? ''

export function headerOperations(headers: Headers | undefined): HeaderOperations {
  const { request, response } = headers ?? {}
  return {
    requestAdd: [...values(request?.set, false), ...values(request?.add, true)],
    requestRemove: (request?.remove ?? []).filter(name => !isInternal(name)),
    responseAdd: [...values(response?.set, false), ...values(response?.add, true)],
    responseRemove: (response?.remove ?? []).filter(name => !isInternal(name)),
    authority: authorityIn(request?.set) || authorityIn(request?.add),
  }
}

/** Envoy's four lists, those that are not empty. */
export function headerFields(operations: Omit<HeaderOperations, 'authority'>): JsonObject {
  const { requestAdd, requestRemove, responseAdd, responseRemove } = operations
  return {
    ...(requestAdd.length > 0 ? { request_headers_to_add: requestAdd } : {}),
    ...(requestRemove.length > 0 ? { request_headers_to_remove: requestRemove } : {}),
    ...(responseAdd.length > 0 ? { response_headers_to_add: responseAdd } : {}),
    ...(responseRemove.length > 0 ? { response_headers_to_remove: responseRemove } : {}),
  }
}

/** One after the other. */
export const appended = (a: HeaderOperations, b: HeaderOperations): HeaderOperations => ({
  requestAdd: [...a.requestAdd, ...b.requestAdd],
  requestRemove: [...a.requestRemove, ...b.requestRemove],
  responseAdd: [...a.responseAdd, ...b.responseAdd],
  responseRemove: [...a.responseRemove, ...b.responseRemove],
  authority: a.authority,
})
