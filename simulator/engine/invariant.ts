// Broken promises inside the program. An invariant is never the user's fault: what users can get wrong is a
// diagnostic, what the model can end in is an outcome; this one throws and says who and what.

/** Thrown when the program itself is wrong, with the facts that show it. */
export class InvariantViolation extends Error {
  readonly context: Readonly<Record<string, unknown>>

  constructor(message: string, context: Readonly<Record<string, unknown>> = {}) {
    const facts = Object.entries(context).map(([key, value]) => `${key}=${String(value)}`)
    super(facts.length > 0 ? `${message} (${facts.join(', ')})` : message)
    this.name = 'InvariantViolation'
    this.context = context
  }
}

/** States what must hold; throws `InvariantViolation` with `context` when it does not. */
export function invariant(
  condition: unknown,
  message: string,
  context?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantViolation(message, context)
}

/** Closes a switch over a union: compiles only when every member is handled. */
export function unreachable(value: never): never {
  throw new InvariantViolation('unreachable case', { value: JSON.stringify(value) })
}
