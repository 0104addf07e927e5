// The objects that Flagger keeps for a Canary: a primary Deployment, three Services and a VirtualService with weights.

import type { Canary } from '../resources/delivery/canary.ts'
import { loadResources } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** The Deployment's pod template, for comparing and copying. */
export const templateOf = (deployment: Resource): unknown => object(deployment.spec)['template'] ?? null

export const withReplicas = (deployment: Resource, replicas: number): Resource => ({
  ...deployment,
  spec: { ...object(deployment.spec), replicas },
})

export const replicasOf = (deployment: Resource): number => Number(object(deployment.spec)['replicas'] ?? 1)

/** A copy of the target under the primary's name and label. */
export function primaryOf(target: Resource, replicas: number): Resource {
  const name = `${target.metadata.name}-primary`
  const spec = object(target.spec)
  const template = object(spec['template'])
  const metadata = object(template['metadata'])
  const labels = { ...object(metadata['labels']), app: name }
  return {
    ...target,
    metadata: { ...target.metadata, name },
    spec: {
      ...spec,
      replicas,
      selector: { matchLabels: { app: name } },
      template: { ...template, metadata: { ...metadata, labels } },
    },
  }
}

/** Services `<name>`, `<name>-primary`, `<name>-canary`. */
export function servicesOf(name: string, namespace: string, target: string, { service }: Canary): Resource[] {
  const { port, targetPort = port, portName = 'http' } = service
  const made = (suffix: string, app: string): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}${suffix}`, namespace },
    spec: { selector: { app }, ports: [{ name: portName, port, targetPort }] },
  })
  return read([made('', `${target}-primary`), made('-primary', `${target}-primary`), made('-canary', target)])
}

/** The VirtualService that gives the canary `weight` percent. */
export function routeOf(name: string, namespace: string, { service }: Canary, weight: number): Resource[] {
  const destination = (suffix: string, percent: number): object => ({
    destination: { host: `${name}${suffix}` },
    weight: percent,
  })
  return read([
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name, namespace },
      spec: {
        hosts: [...(service.hosts ?? []), name],
        gateways: service.gateways ?? ['mesh'],
        http: [{ route: [destination('-primary', 100 - weight), destination('-canary', weight)] }],
      },
    },
  ])
}

const read = (documents: readonly object[]): Resource[] =>
  documents.flatMap(document => loadResources([{ name: 'flagger', content: JSON.stringify(document) }]).resources)
