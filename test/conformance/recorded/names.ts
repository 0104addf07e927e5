// Names of headless Services in the recorded meshes: the rig's clients knew names from a fixed table, in which such a
// name stands for the first pod that the Service selects (../shared/tools/realmesh, meshlib/case.py, Case.names).
import { loadResources } from '../../../simulator/resources/index.ts'
import type { Case, CaseWorkload } from './case.ts'

/** `service.namespace` -> address. */
export type HeadlessNames = ReadonlyMap<string, string>

export function headlessNames(c: Case): HeadlessNames {
  const names = new Map<string, string>()
  for (const { kind, metadata, spec } of loadResources([{ name: 'resources', content: c.resources ?? '' }], {
    reader: 'istiod',
  }).resources) {
    if (kind !== 'Service') continue
    const { clusterIP, selector } = spec as { clusterIP?: string; selector?: Record<string, string> }
    if (clusterIP !== 'None' || selector === undefined) continue
    const first = c.workloads.find(w => selected(w, metadata.namespace, selector))
    if (first !== undefined) names.set(`${metadata.name}.${metadata.namespace}`, first.ip)
  }
  return names
}

/** The address of a headless Service as a pod of `namespace` knows it, undefined when the name is another's. */
export function headlessAddress(names: HeadlessNames, host: string, namespace: string): string | undefined {
  const name = host.replace(/\.svc(\.cluster\.local)?$/, '')
  return names.get(name.includes('.') ? name : `${name}.${namespace}`)
}

function selected(w: CaseWorkload, namespace: string, selector: Record<string, string>): boolean {
  if (w.external === true || (w.namespace ?? 'default') !== namespace) return false
  const labels: Record<string, string> = w.labels ?? { app: w.name }
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}
