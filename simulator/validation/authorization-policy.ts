// What istiod's webhook refuses of an AuthorizationPolicy (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type { AuthorizationPolicy } from '../resources/security/authorization-policy.ts'
import { attributeProblem, valueProblems } from './authorization-values.ts'
import { attachment, report } from './common.ts'
import type { Refusals } from './refusals.ts'

export function validateAuthorizationPolicy(spec: Loose<AuthorizationPolicy>, out: Refusals): void {
  const action = spec.action ?? 'ALLOW'
  const rules = spec.rules ?? []
  const { name, namespace } = out.resource.metadata
  out.prefix = `invalid policy ${name}.${namespace}: `
  const dryRun = out.resource.metadata.annotations['istio.io/dry-run']
  if (dryRun !== undefined) {
    const known = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(dryRun)
    out.errorIf(!known, ['metadata', 'annotations'], `annotation istio.io/dry-run has the invalid value ${dryRun}`)
    const fits = action === 'ALLOW' || action === 'DENY'
    out.errorIf(!fits, ['spec', 'action'], `the annotation istio.io/dry-run only supports ALLOW/DENY, found ${action}`)
  }
  attachment(spec, out)
  const meaningless = (action === 'DENY' || action === 'CUSTOM') && rules.length === 0
  const unnamed = action === 'CUSTOM' && !meaningless && !spec.provider?.name
  out.errorIf(unnamed, ['spec', 'provider'], '`provider.name` must not be empty')
  const stray = action !== 'CUSTOM' && spec.provider !== undefined
  out.errorIf(stray, ['spec', 'provider'], `\`provider\` must not be with non CUSTOM action, found ${action}`)
  const remedy = 'add an empty rule `{}` if you want it be triggered for every request'
  out.errorIf(
    meaningless,
    ['spec'],
    `${action} action without \`rules\` is meaningless as it will never be triggered, ${remedy}`,
  )
  for (const [i, rule] of rules.entries()) {
    const path: Path = ['spec', 'rules', i]
    if (action === 'CUSTOM') customRule(rule, path, out)
    for (const { source } of rule.from ?? []) clause(source, 'from.source', i, path, out)
    for (const { operation } of rule.to ?? []) clause(operation, 'to.operation', i, path, out)
    for (const item of rule.when ?? []) condition(item, path, out)
    if (action === 'DENY' && deniesAllTcp(rule)) {
      const what = 'configured AuthorizationPolicy will deny all traffic to TCP ports under its scope'
      const why = 'due to the use of only HTTP attributes in a DENY rule'
      out.warn(path, `${what} ${why}; it is recommended to explicitly specify the port`)
    }
  }
}

type Rule = NonNullable<Loose<AuthorizationPolicy>['rules']>[number]

const UNSUPPORTED_WITH_CUSTOM = [
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
] as const

const CUSTOM_KEY = /^(?:source\.(?:namespace|serviceAccount|trustDomain|principal)$|request\.auth\.)/

function customRule(rule: Rule, path: Path, out: Refusals): void {
  for (const { source = {} } of rule.from ?? []) {
    for (const field of UNSUPPORTED_WITH_CUSTOM) {
      const some = (source[field] ?? []).length > 0
      out.errorIf(some, path, `From.${field} is currently not supported with CUSTOM action`)
    }
  }
  for (const { key = '' } of rule.when ?? []) {
    out.errorIf(CUSTOM_KEY.test(key), path, `${key} is currently not supported with CUSTOM action`)
  }
}

/** Only HTTP attributes say when the rule holds, so on TCP it always does. */
function deniesAllTcp(rule: Rule): boolean {
  const given = (fields: object | undefined): string[] =>
    Object.entries(fields ?? {}).flatMap(([field, values]) =>
      Array.isArray(values) && values.length > 0 ? [field] : [],
    )
  const from = (rule.from ?? []).flatMap(item => given(item.source))
  const to = (rule.to ?? []).flatMap(item => given(item.operation))
  const tcpFrom = from.some(field =>
    /^(?:not)?(?:principals|ipBlocks|namespaces|remoteIpBlocks|serviceAccounts)$/i.test(field),
  )
  const tcpTo = to.includes('ports') || to.includes('notPorts')
  const [someFrom, someTo] = [(rule.from ?? []).length > 0, (rule.to ?? []).length > 0]
  return (someFrom && !someTo && !tcpFrom) || (someTo && !tcpTo)
}

/** A source or an operation: some field, no empty values, addresses and ports that are some. */
function clause(body: object | undefined, name: string, index: number, path: Path, out: Refusals): void {
  if (body === undefined) {
    out.error(path, `\`${name}\` must not be nil, found at rule ${index}`)
    return
  }
  const given: [string, string[]][] = Object.entries(body).map(([field, values]) => [
    field,
    Array.isArray(values) ? values.map(String) : [],
  ])
  const some = given.some(([, values]) => values.length > 0)
  out.errorIf(!some, path, `\`${name}\` must not be empty, found at rule ${index}`)
  const has = (pattern: RegExp): boolean => given.some(([field, values]) => pattern.test(field) && values.length > 0)
  const mixed = has(/^(?:notP|p)rincipals$|^(?:notN|n)amespaces$/) && has(/serviceAccounts$/i)
  out.errorIf(mixed, path, `cannot set serviceAccounts with namespaces or principals, found at rule ${index}`)
  for (const [field, values] of given) report(out, path, ...valueProblems(field, values))
}

function condition(
  {
    key = '',
    values = [],
    notValues = [],
  }: { key?: string | undefined; values?: string[] | undefined; notValues?: string[] | undefined },
  path: Path,
  out: Refusals,
): void {
  if (key === '') out.error(path, '`key` must not be empty')
  else if (values.length + notValues.length === 0) {
    out.error(path, `at least one of \`values\` or \`notValues\` must be set for key ${key}`)
  } else {
    for (const [list, name] of [
      [values, 'value'],
      [notValues, 'notValue'],
    ] as const) {
      const bad = attributeProblem(key, list)
      if (bad !== null) out.error(path, `invalid \`${name}\` for \`key\` ${key}: ${bad}`)
    }
  }
}
