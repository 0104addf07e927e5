// What is wrong with documents, without running them: the loader's word, istioctl's analyzers, and lint on the mesh that
// they make. One answer for the command line and for programs.
import { analyze, type Finding } from '../analysis/index.ts'
import type { Diagnostic } from '../diagnostics/types.ts'
import { lintMesh } from '../lint/index.ts'
import { buildMeshSnapshot } from '../registry/index.ts'
import { loadResources, type MeshConfig, meshConfigFrom } from '../resources/index.ts'
import type { Resource, SourceFile } from '../resources/types.ts'
import { validateMeshSettings } from '../validation/index.ts'
import { expandWorkloads } from '../world/index.ts'
import { callsOf } from './calls.ts'
import { loadScenario } from './load-scenario.ts'
import type { ScenarioSpec } from './schema.ts'

export interface ExamineOptions {
  /** Services, Pods, Namespaces and what needs them are left aside, as `istioctl analyze --use-kube=false` does it. */
  filesOnly?: boolean
  /** Findings of this namespace and of cluster-wide resources only. */
  namespace?: string
  /** Namespace of resources that name none; `default` unless told. */
  defaultNamespace?: string
  /** Seconds since the epoch, to judge certificates by; without it none has expired. */
  now?: number
  /** A MeshConfig document that wins over those of the files. */
  meshConfig?: SourceFile
}

/** `line`: the line that istioctl names, which may be another than that of `at`. */
export type Remark = Diagnostic & Partial<Pick<Finding, 'line' | 'name' | 'analyzer'>>

export interface Examination {
  /** The loader's first, then istioctl's in its order, then lint's. */
  remarks: Remark[]
  /** Resources that were understood. */
  resources: number
  /** Documents that could not be read at all. */
  unreadable: number
}

/** A scenario may lie beside the documents that it applies: it tells who calls whom. */
const isScenario = ({ content }: SourceFile): boolean =>
  /^apiVersion:\s*["']?meshsim\.io\//m.test(content) && /^kind:\s*["']?Scenario\b/m.test(content)

export function examine(files: readonly SourceFile[], options: ExamineOptions = {}): Examination {
  const documents = files.filter(file => !isScenario(file))
  const loaded = loadResources([...documents, ...(options.meshConfig === undefined ? [] : [options.meshConfig])], {
    ...(options.defaultNamespace === undefined ? {} : { defaultNamespace: options.defaultNamespace }),
  })
  const { meshConfig, diagnostics } = meshConfigFrom(loaded.resources)
  const scenarios = files.filter(isScenario).map(file => loadScenario(file, files))
  const findings = analyze(
    [{ name: '', resources: [...loaded.resources, ...podsOf(loaded.resources), ...loaded.refused] }],
    {
      meshConfig,
      ...(options.filesOnly === undefined ? {} : { filesOnly: options.filesOnly }),
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(options.now === undefined ? {} : { now: options.now }),
    },
  )
  const scenario = scenarios.find(found => found.scenario !== null)?.scenario ?? null
  const lint = options.filesOnly === true ? [] : lintFiles(loaded.resources, meshConfig, scenario)
  return {
    remarks: [
      ...[
        ...loaded.diagnostics,
        ...diagnostics,
        ...validateMeshSettings(loaded.resources),
        ...scenarios.flatMap(found => found.diagnostics),
      ],
      ...findings,
      ...lint.filter(found => isOf(found, options.namespace) && !isSaidBy(found, findings)),
    ],
    resources: loaded.resources.length,
    unreadable: loaded.unreadable,
  }
}

/** The mesh that a simulation would make of the files, read by lint. */
function lintFiles(
  resources: readonly Resource[],
  meshConfig: MeshConfig,
  scenario: ScenarioSpec | null,
): Diagnostic[] {
  const { workloads, added } = expandWorkloads(resources, { injectByDefault: true })
  const snapshot = buildMeshSnapshot({
    resources: [...resources, ...added],
    meshConfig,
    workloads,
    clusterIps: new Map(),
    featureFlags: {},
  })
  return lintMesh(snapshot, scenario === null ? [] : callsOf(scenario, snapshot))
}

/** Of the namespace, or of none. */
function isOf({ resource }: Diagnostic, namespace: string | undefined): boolean {
  const name = resource.slice(resource.indexOf(' ') + 1)
  return namespace === undefined || !name.includes('/') || name.startsWith(`${namespace}/`)
}

/** istioctl has words of its own for some rules that are never reached. */
function isSaidBy(lint: Diagnostic, findings: readonly Finding[]): boolean {
  if (lint.code !== 'SIM0601') return false
  const rule = lint.path.slice(0, 3).join('/')
  return findings.some(
    ({ code, resource, path }) =>
      (code === 'IST0130' || code === 'IST0131') && resource === lint.resource && path.slice(0, 3).join('/') === rule,
  )
}

/** The pods that a cluster would have made of Deployments and the like; those that the files hold stay as they are. */
function podsOf(resources: readonly Resource[]): Resource[] {
  const { workloads } = expandWorkloads(resources, { injectByDefault: false })
  const known = new Set(resources.filter(r => r.kind === 'Pod').map(r => `${r.metadata.namespace}/${r.metadata.name}`))
  return workloads
    .filter(({ namespace, name }) => !known.has(`${namespace}/${name}`))
    .map(({ name, namespace, labels, node, sidecar, gateway }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels, annotations: {}, creationTimestamp: null, order: resources.length },
      spec: { nodeName: node, containers: sidecar || gateway ? [{ name: 'istio-proxy', image: 'proxyv2' }] : [] },
      status: null,
      locate: () => null,
    }))
}
