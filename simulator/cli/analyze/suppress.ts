// `--suppress CODE=RESOURCE`: findings that somebody has decided to live with.
import { messageTypes } from '../../analysis/index.ts'
import { codes } from '../../diagnostics/index.ts'
import type { Remark } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'

export interface Suppression {
  code: string
  /** `*` stands for any text. */
  resource: RegExp
}

/** Reads one value of the flag; a code that nobody knows is told by `warn` and has no effect. */
export function parseSuppression(text: string, warn: (message: string) => void): Suppression {
  const [code = '', pattern, ...rest] = text.split('=')
  if (pattern === undefined || rest.length > 0) {
    throw new CommandFailure(
      EXIT.usage,
      `${text} is not a valid suppression: write CODE=RESOURCE, e.g. --suppress "IST0102=DestinationRule *.default"`,
    )
  }
  if (!messageTypes.has(code) && codes[code] === undefined) {
    warn(`Warning: Supplied message code '${code}' is an unknown message code and will not have any effect.`)
  }
  const parts = pattern.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return { code, resource: new RegExp(`^${parts.join('.*')}$`) }
}

/** istioctl's help says `Kind name.namespace`, its messages say `Kind namespace/name`: both are understood. */
function namesOf(resource: string): string[] {
  const [kind = '', full = ''] = resource.split(' ')
  const [namespace, name] = full.split('/')
  return name === undefined ? [resource] : [resource, `${kind} ${name}.${namespace}`]
}

export const isSuppressed = ({ code, resource }: Remark, suppressions: readonly Suppression[]): boolean =>
  suppressions.some(one => one.code === code && namesOf(resource).some(name => one.resource.test(name)))
