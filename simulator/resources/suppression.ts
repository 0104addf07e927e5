// Owners silence findings about a resource by an annotation on it, as istioctl analyze has it.
import type { Resource } from './types.ts'

const SUPPRESS = 'galley.istio.io/analyze-suppress'

/** Does the resource ask for silence about this code? */
export function suppresses(resource: Resource | undefined, code: string): boolean {
  const codes = (resource?.metadata.annotations[SUPPRESS] ?? '').split(',')
  return codes.includes('*') || codes.includes(code)
}
