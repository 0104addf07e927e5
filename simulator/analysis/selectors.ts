// Label selectors of Kubernetes: equality sets, expressions, and their text.
type Labels = Readonly<Record<string, string | undefined>>

/** An empty or missing set selects everything. */
export function selects(set: Labels | null | undefined, labels: Labels): boolean {
  return Object.entries(set ?? {}).every(([key, value]) => labels[key] === value)
}

/** `a=1,b=2`, keys sorted. */
export function selectorText(set: Labels | null | undefined): string {
  return Object.entries(set ?? {})
    .map(([key, value]) => `${key}=${value ?? ''}`)
    .sort((left, right) => (left < right ? -1 : 1))
    .join(',')
}

/** First key of a selector's text. */
export const firstKey = (text: string): string => text.split('=')[0] ?? ''

export interface LabelSelectorLike {
  matchLabels?: Labels | null | undefined
  matchExpressions?:
    | readonly { key?: string | undefined; operator?: string | undefined; values?: readonly string[] | undefined }[]
    | null
    | undefined
}

/** A missing selector selects everything; an operator that Kubernetes does not know selects nothing. */
export function labelSelectorMatches(selector: LabelSelectorLike | null | undefined, labels: Labels): boolean {
  if (selector === null || selector === undefined) return true
  if (!selects(selector.matchLabels, labels)) return false
  return (selector.matchExpressions ?? []).every(({ key = '', operator, values = [] }) => {
    const value = labels[key]
    if (operator === 'In') return value !== undefined && values.includes(value)
    if (operator === 'NotIn') return value === undefined || !values.includes(value)
    if (operator === 'Exists') return value !== undefined
    return operator === 'DoesNotExist' && value === undefined
  })
}
