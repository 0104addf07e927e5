// Which of several rules comes first: the Gateway API's own order, whatever the order of the objects
// (pilot/pkg/config/kube/gateway/conversion.go sortHTTPRoutes).
import { type Fields, fields, list } from './types.ts'

function rank(uri: Fields): number {
  return uri.exact !== undefined ? 3 : uri.prefix !== undefined ? 2 : uri.regex !== undefined ? 1 : -1
}

function length(uri: Fields): number {
  return String(uri.exact ?? uri.prefix ?? uri.regex ?? '').length
}

const count = (value: unknown): number => Object.keys(fields(value)).length

/** Sorts in place; equal rules stay in their order. */
export function sortRules(rules: Fields[]): void {
  rules.sort((a, b) => {
    const [first, second] = [fields(list(a.match)[0]), fields(list(b.match)[0])]
    const without = [list(a.match).length === 0, list(b.match).length === 0]
    if (without[0] || without[1]) return Number(without[0]) - Number(without[1])
    const [one, other] = [fields(first.uri), fields(second.uri)]
    return (
      rank(other) - rank(one) ||
      length(other) - length(one) ||
      Number(second.method !== undefined) - Number(first.method !== undefined) ||
      count(second.headers) - count(first.headers) ||
      count(second.queryParams) - count(first.queryParams)
    )
  })
}
