// A small mesh out of text, and what lint says of it: `CODE resource: message`.

import { type Call, lintMesh } from '../../../simulator/lint/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import { loadResources, meshConfigFrom } from '../../../simulator/resources/index.ts'
import { callsOf, type ScenarioSpec } from '../../../simulator/scenario/index.ts'
import { expandWorkloads } from '../../../simulator/world/index.ts'

type Calls = Pick<ScenarioSpec, 'workloads' | 'loads'>

export function lint(text: string, scenario: Calls = {}) {
  const { resources, diagnostics } = loadResources([{ name: 'mesh.yaml', content: text }])
  const errors = diagnostics.filter(found => found.level === 'error')
  if (errors.length > 0) throw new Error(errors.map(found => found.message).join('\n'))
  const { workloads, added } = expandWorkloads(resources, { injectByDefault: true })
  const snapshot = buildMeshSnapshot({
    resources: [...resources, ...added],
    meshConfig: meshConfigFrom(resources).meshConfig,
    workloads,
    clusterIps: new Map(),
    featureFlags: {},
  })
  const calls: Call[] = callsOf({ name: 'test', title: 'test', duration: '1s', ...scenario }, snapshot)
  return lintMesh(snapshot, calls)
}

/** Messages of one code. */
export const said = (code: string, text: string, scenario: Calls = {}): string[] =>
  lint(text, scenario)
    .filter(found => found.code === code)
    .map(found => found.message)

/** A Service with one pod a version. `port` is the Service's; pods listen on 8080. */
export const app = (name: string, options: { versions?: string[]; port?: string; pod?: string } = {}): string =>
  [
    `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: ${options.port ?? 'http'}, port: 80, targetPort: 8080}]}`,
    ...(options.versions ?? ['v1']).map(
      version => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}-${version}, labels: {app: ${name}, version: ${version}}${options.pod ?? ''}}
spec: {serviceAccountName: ${name}, containers: [{name: app, ports: [{containerPort: 8080}]}]}`,
    ),
  ].join('\n---')

export const istio = (group: string, kind: string, name: string, spec: string): string => `
---
apiVersion: ${group}.istio.io/v1
kind: ${kind}
metadata: {name: ${name}}
spec: ${spec}`
