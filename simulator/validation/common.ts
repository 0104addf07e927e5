// Checks that several kinds share (istio: pkg/config/validation/validation.go, pkg/config/validation/agent).
import type { Path } from '../diagnostics/types.ts'
import type { PolicyTargetReference, WorkloadLabelSelector, WorkloadSelector } from '../resources/common.ts'
import type { Loose } from '../resources/loose.ts'
import { parseProtocol } from '../resources/protocol.ts'
import { isDnsLabel, isIp } from './hosts.ts'
import type { Refusals } from './refusals.ts'

export const UNIX = 'unix://'

export const portProblem = (port: number): string | null =>
  port >= 1 && port <= 65535 ? null : `port number ${port} must be in the range 1..65535`

export const portNameProblem = (name: string): string | null => (isDnsLabel(name) ? null : `invalid port name: ${name}`)

export const protocolProblem = (protocol: string): string | null =>
  protocol === '' || parseProtocol(protocol) !== 'Unsupported' ? null : `unsupported protocol: ${protocol}`

export const addressProblem = (address: string): string | null =>
  isIp(address) ? null : `${address} is not a valid IP`

/** Path of a unix domain socket; '@' begins an abstract one. */
export function unixProblem(path: string): string | null {
  if (path === '') return 'unix address must not be empty'
  if (path.startsWith('@')) return null
  return path.startsWith('/') && !path.endsWith('/') ? null : `${path} is not an absolute path to a file`
}

const LABEL_NAME = /^[a-zA-Z0-9](?:[-A-Za-z0-9_.]*[a-zA-Z0-9])?$/
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/

/** Keys and values of labels; as in istiod (pkg/config/labels), a value may be longer than Kubernetes takes. */
export function labelProblems(labels: Readonly<Record<string, string | undefined>> | undefined): string[] {
  const found: string[] = []
  for (const [key, value = ''] of Object.entries(labels ?? {})) {
    const slash = key.indexOf('/')
    const prefix = slash < 0 ? null : key.slice(0, slash)
    const name = key.slice(slash + 1)
    const goodPrefix = prefix === null || prefix.split('.').every(isDnsLabel)
    if (!goodPrefix || name.length > 63 || !LABEL_NAME.test(name)) found.push(`invalid tag key: "${key}"`)
    if (!LABEL_VALUE.test(value)) found.push(`invalid tag value: "${value}"`)
  }
  return found
}

/** Reports what a check found, if anything. */
export function report(out: Refusals, path: Path, ...problems: (string | null)[]): void {
  for (const problem of problems) if (problem !== null) out.error(path, problem)
}

/** networking's selector; returns false when it refuses the resource, which ends its validation. */
export function alphaSelector(
  selector: Loose<WorkloadLabelSelector> | undefined,
  what: string,
  out: Refusals,
): boolean {
  if (selector === undefined) return true
  const labels = Object.entries(selector.labels ?? {})
  const bad = badSelector(labels)
  for (const message of bad) out.error(['spec', 'workloadSelector'], message)
  if (bad.length > 0) return false
  const message = `${what}: workload selector specified without labels, will be applied to all services in namespace`
  if (labels.length === 0) out.warn(['spec', 'workloadSelector'], message)
  return true
}

function badSelector(labels: readonly [string, string | undefined][]): string[] {
  const found: string[] = []
  for (const [key, value] of labels) {
    if (key === '') found.push(`empty key is not supported in selector: "${key}=${value}"`)
    if (key.includes('*') || value?.includes('*'))
      found.push(`wildcard is not supported in selector: "${key}=${value}"`)
  }
  return found
}

export function workloadSelector(selector: Loose<WorkloadSelector> | undefined, path: Path, out: Refusals): void {
  if (selector === undefined) return
  const labels = Object.entries(selector.matchLabels ?? {})
  for (const message of badSelector(labels)) out.error(path, message)
  if (labels.length === 0) out.warn(path, 'workload selector specified without labels')
}

interface Attached {
  selector?: Loose<WorkloadSelector> | undefined
  targetRef?: Loose<PolicyTargetReference> | undefined
  targetRefs?: Loose<PolicyTargetReference>[] | undefined
}

const TARGETS = ['core/Service', 'networking.istio.io/ServiceEntry', 'gateway.networking.k8s.io/Gateway']

/** A policy's selector and targets: at most one way to attach, and only to what can carry it. */
export function attachment({ selector, targetRef, targetRefs = [] }: Attached, out: Refusals): void {
  const ways = [selector !== undefined, targetRef !== undefined, targetRefs.length > 0].filter(Boolean).length
  out.errorIf(ways > 1, ['spec'], 'only one of targetRefs or workloadSelector can be set')
  workloadSelector(selector, ['spec', 'selector'], out)
  for (const target of targetRef === undefined ? targetRefs : [targetRef, ...targetRefs]) {
    const path = ['spec', targetRef === undefined ? 'targetRefs' : 'targetRef']
    out.errorIf(!target.name, path, 'targetRef name must be set')
    const foreign = 'targetRef namespace must not be set; cross namespace referencing is not supported'
    out.errorIf(Boolean(target.namespace), path, foreign)
    const kind = `${target.group || 'core'}/${target.kind ?? ''}`
    const allowed = [...TARGETS, 'gateway.networking.k8s.io/GatewayClass']
    out.errorIf(!allowed.includes(kind), path, `targetRef must be to one of ${allowed.join(' ')} but was ${kind}`)
  }
}

export interface ExportToOptions {
  /** A ServiceEntry may be exported to nobody. */
  serviceEntry?: boolean
  /** A DestinationRule with a selector holds in its own namespace only. */
  ownNamespaceOnly?: boolean
}

/** What is wrong with an exportTo list. */
export function exportToProblems(
  namespace: string,
  exportTo: readonly string[],
  { serviceEntry = false, ownNamespaceOnly = false }: ExportToOptions = {},
): string[] {
  const found: string[] = []
  const known = new Set<string>()
  for (const entry of exportTo) {
    const key = entry === '.' ? namespace : entry
    if (known.has(key)) {
      const what = key === entry ? ` for entry ${entry}` : `: . and current namespace ${namespace}`
      found.push(`duplicate entries in exportTo${what}`)
    } else if ((serviceEntry && entry === '~') || key === '*' || key === '.' || isDnsLabel(key)) known.add(key)
    else found.push(`only . (current namespace), * (all namespaces) or a namespace name are allowed, found ${key}`)
  }
  if (ownNamespaceOnly && known.size > 0) {
    if (!known.has(namespace)) {
      found.push('destination rule with workload selector cannot have exportTo beyond current namespace')
    } else if (known.size > 1) {
      found.push('destination rule with workload selector cannot have multiple entries in exportTo')
    }
  }
  if (known.has('*') && exportTo.length > 1) {
    found.push('cannot have both public (*) and non-public exportTo values for a resource')
  }
  if (known.has('~') && exportTo.length > 1) found.push('cannot export service entry to no one (~) and someone')
  return found
}

export function exportTo(given: readonly string[] | undefined, out: Refusals, options?: ExportToOptions): void {
  const problems = exportToProblems(out.resource.metadata.namespace, given ?? [], options)
  report(out, ['spec', 'exportTo'], ...problems)
}
