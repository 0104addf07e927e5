// SIM0607: authorization rules, and values in them, that can match no request.
import type { Path } from '../diagnostics/types.ts'
import type { Workload } from '../registry/index.ts'
import type {
  AuthorizationPolicy,
  Condition,
  Operation,
  Rule,
  Source,
} from '../resources/security/authorization-policy.ts'
import type { Resource } from '../resources/types.ts'
import { Concerned, method, path as pathReason, patternCovers, type Reason } from './authorization-values.ts'
import type { LintedMesh, Linter } from './types.ts'

/** What it means that a rule never matches. */
const CONSEQUENCE = {
  ALLOW: 'it allows nothing',
  DENY: 'it denies nothing',
  AUDIT: 'it audits nothing',
  CUSTOM: 'its provider is never asked',
} as const

const HINT = 'mend the value, or remove the rule'

/** One list of values: what refuses them as a whole, what refuses one, and the values that exclude them. */
interface Values {
  path: Path
  values: readonly string[] | undefined
  excluded?: readonly string[] | undefined
  whole?: () => Reason
  each?: (value: string) => Reason
}

class PolicyChecker {
  private readonly mesh: LintedMesh
  private readonly resource: Resource
  private readonly spec: AuthorizationPolicy
  private readonly pods: Concerned

  constructor(mesh: LintedMesh, resource: Resource, spec: AuthorizationPolicy, pods: Concerned) {
    this.mesh = mesh
    this.resource = resource
    this.spec = spec
    this.pods = pods
  }

  check(): void {
    for (const [i, rule] of (this.spec.rules ?? []).entries()) this.rule(rule, ['spec', 'rules', i])
  }

  private rule(rule: Rule, path: Path): void {
    const lists = [
      ...(rule.from ?? []).flatMap(({ source }, i) => this.source(source ?? {}, [...path, 'from', i, 'source'])),
      ...(rule.to ?? []).flatMap(({ operation }, i) =>
        this.operation(operation ?? {}, [...path, 'to', i, 'operation']),
      ),
      ...(rule.when ?? []).map((condition, i) => this.condition(condition, [...path, 'when', i])),
    ]
    for (const list of lists) this.values(list)
    this.plainTcp(rule, path)
  }

  private source(source: Source, path: Path): Values[] {
    const { pods } = this
    const known = (): Reason => pods.nobodyIsKnown()
    return [
      {
        path: [...path, 'principals'],
        values: source.principals,
        excluded: source.notPrincipals,
        whole: known,
        each: value => pods.principal(value),
      },
      { path: [...path, 'namespaces'], values: source.namespaces, excluded: source.notNamespaces, whole: known },
      {
        path: [...path, 'serviceAccounts'],
        values: source.serviceAccounts,
        excluded: source.notServiceAccounts,
        whole: known,
        each: value => pods.account(value),
      },
      {
        path: [...path, 'requestPrincipals'],
        values: source.requestPrincipals,
        excluded: source.notRequestPrincipals,
        whole: () => pods.noTokenIsRead(),
      },
    ]
  }

  private operation(operation: Operation, path: Path): Values[] {
    return [
      { path: [...path, 'methods'], values: operation.methods, excluded: operation.notMethods, each: method },
      { path: [...path, 'paths'], values: operation.paths, excluded: operation.notPaths, each: pathReason },
      { path: [...path, 'hosts'], values: operation.hosts, excluded: operation.notHosts },
      {
        path: [...path, 'ports'],
        values: operation.ports,
        excluded: operation.notPorts,
        each: value => this.pods.port(value),
      },
    ]
  }

  private condition({ key, values, notValues }: Condition, path: Path): Values {
    const list: Values = { path: [...path, 'values'], values, excluded: notValues }
    const { pods } = this
    if (key.startsWith('request.auth.')) return { ...list, whole: () => pods.noTokenIsRead() }
    if (key === 'source.namespace') return { ...list, whole: () => pods.nobodyIsKnown() }
    if (key === 'destination.port') return { ...list, each: value => pods.port(value) }
    if (key === 'source.principal') {
      return { ...list, whole: () => pods.nobodyIsKnown(), each: value => pods.principal(value) }
    }
    return list
  }

  private values({ path, values = [], excluded = [], whole, each }: Values): void {
    if (values.length === 0) return
    const all = whole?.() ?? null
    if (all !== null) {
      this.never(path, all)
      return
    }
    const reasons = values.map((value): Reason => {
      const by = excluded.find(other => patternCovers(other, value))
      return by === undefined ? (each?.(value) ?? null) : `what ${value} matches is excluded by ${by}`
    })
    if (reasons.every(reason => reason !== null)) {
      this.never(path, [...new Set(reasons)].join('; '))
      return
    }
    for (const [i, reason] of reasons.entries()) {
      if (reason !== null) this.say([...path, i], `${JSON.stringify(values[i])} can never match: ${reason}`)
    }
  }

  private never(path: Path, reason: string): void {
    this.say(path, `this rule can never match, so that ${CONSEQUENCE[this.spec.action ?? 'ALLOW']}: ${reason}`)
  }

  /** On a connection without HTTP an ALLOW rule that asks for HTTP never matches (istio: authz builder, forTCP). */
  private plainTcp(rule: Rule, path: Path): void {
    if ((this.spec.action ?? 'ALLOW') !== 'ALLOW') return
    for (const [i, { operation = {} }] of (rule.to ?? []).entries()) {
      const asked = (['methods', 'paths', 'hosts'] as const).filter(key => (operation[key] ?? []).length > 0)
      const ports = operation.ports ?? []
      if (asked.length === 0 || ports.length === 0 || !ports.every(port => this.pods.isTcp(port))) continue
      const at = [...path, 'to', i, 'operation', asked[0] ?? 'paths']
      this.never(at, `port ${ports.join(', ')} carries plain TCP, which has no ${asked.join(', ')}`)
    }
  }

  private say(path: Path, message: string): void {
    this.mesh.report(this.resource, { path, level: 'warning', message, hint: HINT })
  }
}

/** A policy with a DENY rule without conditions, and the pods that it leaves nothing. */
interface Denier {
  resource: Resource
  pods: ReadonlySet<Workload>
}

const deniersOf = (mesh: LintedMesh): Denier[] =>
  mesh
    .written<AuthorizationPolicy>('AuthorizationPolicy')
    .filter(({ spec }) => spec.action === 'DENY' && (spec.rules ?? []).some(asksNothing))
    .map(({ resource, spec, namespace }) => ({
      resource,
      pods: new Set(new Concerned(mesh, spec, namespace).workloads),
    }))
    .filter(({ pods }) => pods.size > 0)

const asksNothing = ({ from = [], to = [], when = [] }: Rule): boolean =>
  from.length === 0 && to.length === 0 && when.length === 0

export const authorization: Linter = {
  name: 'lint.AuthorizationNeverMatches',
  code: 'SIM0607',
  description: 'Checks for authorization rules and values that can match no request.',
  lint(mesh) {
    const deniers = deniersOf(mesh)
    for (const { resource, spec, namespace } of mesh.written<AuthorizationPolicy>('AuthorizationPolicy')) {
      const pods = new Concerned(mesh, spec, namespace)
      if (pods.workloads.length === 0) continue
      new PolicyChecker(mesh, resource, spec, pods).check()
      if ((spec.action ?? 'ALLOW') !== 'ALLOW' || (spec.rules ?? []).length === 0) continue
      const denier = deniers.find(({ pods: denied }) => pods.workloads.every(pod => denied.has(pod)))?.resource
      if (denier === undefined) continue
      mesh.report(resource, {
        path: ['spec', 'rules'],
        level: 'warning',
        message: `this policy never decides: AuthorizationPolicy ${denier.metadata.namespace}/${denier.metadata.name} denies every request to the same pods first`,
        hint: 'remove the rule without conditions from the DENY policy; an ALLOW policy already refuses what it does not name',
      })
    }
  },
}
