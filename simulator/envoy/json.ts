// Reading Envoy's JSON without trusting its shape: each reader gives the value or a harmless default.
import { parseDuration } from '../engine/index.ts'
import type { Json, JsonObject } from '../xds/types.ts'

export function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}
export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value : []
}
export function text(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}
export function number(value: unknown, fallback = 0): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && value !== '' && Number.isFinite(Number(value))) return Number(value)
  return fallback
}
/** Protobuf duration in microseconds, `fallback` when the field is absent. */
export function duration(value: unknown, fallback = 0): number {
  return typeof value === 'string' ? (parseDuration(value) ?? fallback) : fallback
}
/** Parts per million of a FractionalPercent (envoy.type.v3). */
export function fraction(value: unknown): number {
  const percent = object(value)
  const scale = percent.denominator === 'MILLION' ? 1 : percent.denominator === 'TEN_THOUSAND' ? 100 : 10_000
  return Math.min(1_000_000, number(percent.numerator) * scale)
}
export function header(headers: [string, string][], name: string): string | undefined {
  for (const line of headers) if (line[0] === name) return line[1]
  return undefined
}
