// CEL over Envoy's attributes: filters of access logs, tags of metrics (source/extensions/filters/common/expr).
import { Environment } from '@marcbachmann/cel-js'

/** Attribute groups by name (`request`, `response`, ...); what is absent has no key. */
export type Attributes = Record<string, unknown>

export type CompiledExpression =
  | {
      ok: true
      /** The value, undefined where an attribute that it needs is absent or types do not fit: Envoy's "no value". */
      evaluate: (attributes: Attributes) => unknown
    }
  | { ok: false; why: string }

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })

/** Parses once. The reason of a failure is one line. */
export function compileExpression(text: string): CompiledExpression {
  try {
    const parsed = environment.parse(text)
    return {
      ok: true,
      evaluate: attributes => {
        try {
          return parsed(attributes) as unknown
        } catch {
          return undefined
        }
      },
    }
  } catch (error) {
    return { ok: false, why: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '' }
  }
}
