// From the name that istiod writes into Envoy's metadata back to the author's text.
import type { Resource } from '../resources/types.ts'

/** `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews` -> `reviews.yaml:8:1`; '' when unknown. */
export function placeOf(config: string, resources: readonly Resource[]): string {
  if (config === '') return ''
  const parts = config.split('/')
  const [namespace, kind, name] = [parts.at(-3) ?? '', (parts.at(-2) ?? '').replaceAll('-', ''), parts.at(-1) ?? '']
  const found = resources.find(
    r => r.metadata.name === name && r.metadata.namespace === namespace && r.kind.toLowerCase() === kind,
  )
  const at = found?.locate(['spec']) ?? found?.locate([]) ?? null
  return at === null ? '' : `${at.file}:${at.line}:${at.column}`
}

const POLICY = /ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/

/** `ns[default]-policy[viewer]-rule[0]`, wherever it stands in a text -> where that rule is written; '' when unknown. */
export function policyPlace(text: string, resources: readonly Resource[]): string {
  const [, namespace, name, rule] = POLICY.exec(text) ?? []
  const found = resources.find(
    r => r.kind === 'AuthorizationPolicy' && r.metadata.name === name && r.metadata.namespace === namespace,
  )
  const at = found?.locate(['spec', 'rules', Number(rule)]) ?? null
  return at === null ? '' : `${at.file}:${at.line}:${at.column}`
}
