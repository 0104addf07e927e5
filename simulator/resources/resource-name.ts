import type { Resource } from './types.ts'

/** `Kind namespace/name`, or `Kind name`: how diagnostics speak of a resource. */
export function resourceName({ kind, metadata: { namespace, name } }: Resource): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}
