// Header lines and what changes them.
import type { HeaderLines } from '../wire/types.ts'
import type { HeaderChange } from './route.ts'

/** Sets a header line in place. The lines themselves never change: copies of a list share them. */
export function put(headers: HeaderLines, name: string, value: string): void {
  for (let i = 0; i < headers.length; i++) {
    if (headers[i]![0] !== name) continue
    headers[i] = [name, value]
    return
  }
  headers.push([name, value])
}

/** Removes all lines of a name in place. */
export function remove(headers: HeaderLines, name: string): void {
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]![0] === name) headers.splice(i, 1)
}

/** Applies one level of header mutations (source/common/router/header_parser.cc). */
export function mutate(headers: HeaderLines, change: HeaderChange, format: (v: string) => string): void {
  for (const name of change.remove)
    for (let i = headers.length - 1; i >= 0; i--) if (headers[i]?.[0] === name) headers.splice(i, 1)
  for (const a of change.add) {
    const value = format(a.value)
    if (value === '' && !a.keepEmpty) continue
    const exists = headers.some(l => l[0] === a.name)
    if (a.mode === 'OVERWRITE_IF_EXISTS_OR_ADD') put(headers, a.name, value)
    else if ((a.mode === 'ADD_IF_ABSENT' && exists) || (a.mode === 'OVERWRITE_IF_EXISTS' && !exists)) continue
    else if (a.mode === 'OVERWRITE_IF_EXISTS') put(headers, a.name, value)
    else headers.push([a.name, value])
  }
}

/** The grpc-timeout header in microseconds, -1 when absent or malformed. */
export function grpcTimeout(value: string | undefined): number {
  const found = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value)
  if (!found) return -1
  const units: { [u: string]: number } = { H: 3.6e9, M: 6e7, S: 1e6, m: 1000, u: 1, n: 0.001 }
  return Math.floor(Number(found[1]) * (units[found[2] ?? ''] ?? 1))
}
