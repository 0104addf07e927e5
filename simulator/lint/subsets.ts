// SIM0605: subsets that no endpoint carries. And what a subset selects, for the linter of weights.
import { type IstioEndpoint, resolveShortName, type Service, subsetOf } from '../registry/index.ts'
import type { DestinationRule } from '../resources/networking/destination-rule.ts'
import { count, type LintedMesh, type Linter, listed } from './types.ts'

/** The service that a host means to an object of the namespace, or null. */
export function serviceOf(mesh: LintedMesh, host: string, namespace: string): Service | null {
  return mesh.snapshot.serviceDefinitions(resolveShortName(host, namespace))[0] ?? null
}

/** Endpoints of any port, one of each address. */
export function endpointsOf(mesh: LintedMesh, service: Service): IstioEndpoint[] {
  const byAddress = new Map<string, IstioEndpoint>()
  for (const port of service.ports) {
    for (const endpoint of mesh.snapshot.endpoints(service, port.port)) byAddress.set(endpoint.address, endpoint)
  }
  return [...byAddress.values()]
}

/** Labels of a subset by any DestinationRule of the host, or null where none defines it. */
export function labelsOfSubset(mesh: LintedMesh, service: Service, subset: string): Record<string, string> | null {
  for (const { subsets = [] } of mesh.destinationRules(service.hostname)) {
    const found = subsets.find(({ name }) => name === subset)
    if (found !== undefined) return found.labels ?? {}
  }
  return null
}

const textOf = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

/** `version=v1` of those endpoints, to choose from. */
function valuesOf(endpoints: readonly IstioEndpoint[], labels: Record<string, string>): string[] {
  const keys = Object.keys(labels)
  const found = endpoints.flatMap(endpoint => {
    const own = Object.fromEntries(keys.flatMap(key => (key in endpoint.labels ? [[key, endpoint.labels[key]]] : [])))
    return Object.keys(own).length === 0 ? [] : [textOf(own as Record<string, string>)]
  })
  return [...new Set(found)]
}

export const subsets: Linter = {
  name: 'lint.SubsetWithoutEndpoints',
  code: 'SIM0605',
  description: 'Checks for subsets that no endpoint of their service carries.',
  lint(mesh) {
    for (const { resource, spec, namespace } of mesh.written<DestinationRule>('DestinationRule')) {
      const service = serviceOf(mesh, spec.host ?? '', namespace)
      if (service === null) continue
      const endpoints = endpointsOf(mesh, service)
      // without a single pod the files are not the whole mesh
      if (endpoints.length === 0) continue
      for (const [i, subset] of (spec.subsets ?? []).entries()) {
        const labels = subset.labels ?? {}
        if (endpoints.some(endpoint => subsetOf(labels, endpoint.labels))) continue
        const known = valuesOf(endpoints, labels)
        mesh.report(resource, {
          path: ['spec', 'subsets', i],
          level: 'warning',
          message: `subset ${subset.name} (${textOf(labels)}) is empty: none of the ${count(endpoints.length, 'endpoint')} of ${service.hostname} carries its labels; requests sent to it are answered 503 UH (no healthy upstream)`,
          hint:
            known.length === 0
              ? 'label the pods of the service, or remove the subset'
              : `the endpoints carry ${listed(known)}`,
        })
      }
    }
  },
}
