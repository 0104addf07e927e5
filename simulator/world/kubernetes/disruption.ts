// The eviction API's question to PodDisruptionBudgets (kubernetes: pkg/registry/core/pod/storage/eviction.go and
// pkg/controller/disruption).
import { type LabelSelectorLike, labelSelectorMatches } from '../../analysis/selectors.ts'
import type { Resource } from '../../resources/types.ts'
import { fields, text } from '../fields.ts'

/** A pod as a budget counts it. */
export interface Counted {
  namespace: string
  labels: Readonly<Record<string, string>>
  ready: boolean
  terminating: boolean
}

/** Number or percentage of `whole`, rounded up as the disruption controller does. */
function scaled(value: unknown, whole: number): number {
  if (typeof value === 'number') return value
  const said = text(value)
  return said.endsWith('%') ? Math.ceil((whole * Number(said.slice(0, -1))) / 100) : Number(said) || 0
}

/**
 * Why the pod may not be evicted now; '' = it may. `expected`: pods that the controllers of the budget's pods ask for.
 */
export function evictionRefused(
  budgets: readonly Resource[],
  pod: Counted,
  pods: readonly Counted[],
  expected: (matches: (labels: Readonly<Record<string, string>>) => boolean, namespace: string) => number,
): string {
  const mine = budgets.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && selected(fields(spec).selector, pod.labels),
  )
  if (mine.length > 1)
    return 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
  const budget = mine[0]
  if (budget === undefined) return ''
  const spec = fields(budget.spec)
  const matches = (labels: Readonly<Record<string, string>>): boolean => selected(spec.selector, labels)
  const healthy = pods.filter(
    p => p.namespace === pod.namespace && p.ready && !p.terminating && matches(p.labels),
  ).length
  const whole = expected(matches, pod.namespace)
  const desired =
    spec.minAvailable === undefined ? whole - scaled(spec.maxUnavailable ?? 1, whole) : scaled(spec.minAvailable, whole)
  if (!pod.ready && (text(spec.unhealthyPodEvictionPolicy) === 'AlwaysAllow' || healthy >= desired)) return ''
  if (healthy - desired >= 1) return ''
  return `Cannot evict pod as it would violate the pod's disruption budget ${budget.metadata.name}: needs ${desired} healthy pods and has ${healthy} currently`
}

/** A budget without a selector holds for no pod. */
function selected(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  return selector !== undefined && labelSelectorMatches(selector as LabelSelectorLike, labels)
}
