// How objects are named for people, and where they are written.
import type { Resource } from '../../resources/types.ts'

/** `name`, or `name.namespace` outside the default namespace. */
export const shortName = ({ name, namespace }: { name: string; namespace: string }): string =>
  namespace === 'default' ? name : `${name}.${namespace}`

/** `  (file:line:column)`, or nothing where that is not known. */
export function written(resource: Resource | undefined): string {
  const at = resource?.locate(['spec']) ?? resource?.locate([]) ?? null
  return at === null ? '' : `  (${at.file}:${at.line}:${at.column})`
}
