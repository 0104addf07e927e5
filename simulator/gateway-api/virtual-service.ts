// The envelope of a VirtualService that was made from routes.
import type { Resource } from '../resources/types.ts'
import type { Fields } from './types.ts'

export function virtualService(first: Resource, name: string, spec: Fields, parents: readonly string[]): Resource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: {
      ...first.metadata,
      name,
      labels: {},
      annotations: {
        'internal.istio.io/parents': parents.join(','),
        'internal.istio.io/route-semantics': 'gateway',
      },
    },
    spec,
    status: null,
    locate: path => first.locate(path),
  }
}
