// What a validator says while it walks one resource: errors refuse it, warnings only tell.
import { RE2JS } from 're2js'
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { parseProtoDuration } from '../resources/proto-duration.ts'
import { resourceName } from '../resources/resource-name.ts'
import type { Resource } from '../resources/types.ts'
import { utf8Length } from '../resources/utf8.ts'

export class Refusals {
  readonly found: Diagnostic[] = []
  readonly resource: Resource
  /** Said before each error, as istiod does for some kinds. */
  prefix = ''
  readonly #name: string
  readonly #base: Path

  /** `base` leads to the message that is walked, where that is not the resource itself. */
  constructor(resource: Resource, base: Path = []) {
    this.resource = resource
    this.#base = base
    this.#name = resourceName(resource)
  }

  error(path: Path, message: string): void {
    this.#add('SIM0401', 'error', path, `${this.prefix}${message}`)
  }

  warn(path: Path, message: string): void {
    this.#add('SIM0402', 'warning', path, message)
  }

  /** A warning that istioctl analyze knows by a code of its own. */
  warnAs(code: string, path: Path, message: string): void {
    this.#add(code, 'warning', path, message)
  }

  /** Reports `message` when the condition holds. */
  errorIf(condition: boolean, path: Path, message: string): void {
    if (condition) this.error(path, message)
  }

  #add(code: string, level: Diagnostic['level'], path: Path, message: string): void {
    const full = [...this.#base, ...path]
    this.found.push({ code, level, message, resource: this.#name, path: full, at: this.resource.locate(full) })
  }
}

/** Durations are of a millisecond at least and of whole ones. */
export function durationProblem(text: string): string | null {
  const nanoseconds = parseProtoDuration(text)
  if (nanoseconds === null || nanoseconds < 1_000_000) return 'duration must be greater than 1ms'
  return nanoseconds % 1_000_000 === 0 ? null : 'only durations to ms precision are supported'
}

export function checkDuration(out: Refusals, path: Path, text: string | undefined): void {
  const problem = text === undefined ? null : durationProblem(text)
  if (problem !== null) out.error(path, problem)
}

/** A pattern that RE2 takes, of at most 1024 bytes. */
export function regexProblem(pattern: string): string | null {
  if (utf8Length(pattern) > 1024) return 'regex is too large, max length allowed is 1024'
  try {
    RE2JS.compile(pattern)
    return null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const told = why.startsWith('error parsing regexp') ? why : `error parsing regexp: ${why}`
    return `${told}; Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)`
  }
}

export function checkPercent(out: Refusals, path: Path, value: number | undefined): void {
  if (value === undefined || value === 0) return
  if (value < 0.0001 || value > 100) out.error(path, `percentage ${value} is neither 0.0, nor in range [0.0001, 100.0]`)
}
