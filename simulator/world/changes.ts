// Objects of the cluster compared: which is which, and whether a write changes anything.
import type { Change } from '../istiod/push/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'

/** Kinds that may hold the mesh's settings. */
export const SETTINGS = new Set(['ConfigMap', 'MeshConfig', 'IstioOperator'])

export function sameObject(a: Resource, b: Resource): boolean {
  return sameAs(a, { kind: b.kind, name: b.metadata.name, namespace: b.metadata.namespace })
}

export function sameAs(a: Resource, key: { kind: string; name: string; namespace: string }): boolean {
  return a.kind === key.kind && a.metadata.name === key.name && a.metadata.namespace === key.namespace
}

/** An update that says nothing new starts nothing (pilot/pkg/config, NeedsPush). */
export function needsPush(old: Resource, now: Resource): boolean {
  const told = (r: Resource): string => JSON.stringify([r.spec, r.status, r.metadata.labels, r.metadata.annotations])
  return told(old) !== told(now)
}

export function podChange(workload: Workload): Change {
  return { kind: 'Pod', name: workload.name, namespace: workload.namespace, labels: [workload.labels] }
}

/** What concerns every proxy. */
export const MESH_WIDE: Change = { kind: 'MeshConfig', name: '', namespace: '', labels: [] }
