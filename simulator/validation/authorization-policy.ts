// What istiod's webhook refuses of an AuthorizationPolicy (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type { AuthorizationPolicy } from '../resources/security/authorization-policy.ts'
import { attachment } from './common.ts'
import { isSubnet } from './hosts.ts'
import type { Refusals } from './refusals.ts'

const KEYS =
  /^(?:source\.(?:ip|namespace|serviceAccount|principal|trustDomain)|remote\.ip|destination\.(?:ip|port)|connection\.sni|request\.auth\.(?:principal|audiences|presenter)|request\.(?:headers|auth\.claims)\[.+\]|experimental\.envoy\.filters\..+)$/
const ADDRESSES = ['source.ip', 'remote.ip', 'destination.ip']

export function validateAuthorizationPolicy(spec: Loose<AuthorizationPolicy>, out: Refusals): void {
  const action = spec.action ?? 'ALLOW'
  const rules = spec.rules ?? []
  const dryRun = out.resource.metadata.annotations['istio.io/dry-run']
  if (dryRun !== undefined) {
    const known = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(dryRun)
    out.errorIf(!known, ['metadata', 'annotations'], `annotation istio.io/dry-run has the invalid value ${dryRun}`)
    const fits = action === 'ALLOW' || action === 'DENY'
    out.errorIf(!fits, ['spec', 'action'], `the annotation istio.io/dry-run only supports ALLOW/DENY, found ${action}`)
  }
  attachment(spec, out)
  if (action === 'CUSTOM') out.errorIf(!spec.provider?.name, ['spec', 'provider'], '`provider.name` must not be empty')
  else out.errorIf(spec.provider !== undefined, ['spec', 'provider'], `\`provider\` must not be with action ${action}`)
  const meaningless = (action === 'DENY' || action === 'CUSTOM') && spec.rules === undefined
  const remedy = 'add an empty rule `{}` if you want it be triggered for every request'
  out.errorIf(
    meaningless,
    ['spec'],
    `${action} action without \`rules\` is meaningless as it will never be triggered, ${remedy}`,
  )
  for (const [i, rule] of rules.entries()) {
    const path: Path = ['spec', 'rules', i]
    if (action === 'CUSTOM') customRule(rule, path, out)
    for (const { source = {} } of rule.from ?? []) clause(source, 'from.source', i, path, out)
    for (const { operation = {} } of rule.to ?? []) clause(operation, 'to.operation', i, path, out)
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
  const from = (rule.from ?? []).flatMap(item => Object.keys(item.source ?? {}))
  const to = (rule.to ?? []).flatMap(item => Object.keys(item.operation ?? {}))
  const tcpFrom = from.some(field =>
    /^(?:not)?(?:principals|ipBlocks|namespaces|remoteIpBlocks|serviceAccounts)$/i.test(field),
  )
  const tcpTo = to.includes('ports') || to.includes('notPorts')
  const [someFrom, someTo] = [(rule.from ?? []).length > 0, (rule.to ?? []).length > 0]
  return (someFrom && !someTo && !tcpFrom) || (someTo && !tcpTo)
}

/** A source or an operation: some field, no empty values, addresses and ports that are some. */
function clause(body: object, name: string, index: number, path: Path, out: Refusals): void {
  const given: [string, string[]][] = Object.entries(body).map(([field, values]) => [
    field,
    Array.isArray(values) ? values.map(String) : [],
  ])
  const some = given.some(([, values]) => values.length > 0)
  out.errorIf(!some, path, `\`${name}\` must not be empty, found at rule ${index}`)
  const has = (pattern: RegExp): boolean => given.some(([field, values]) => pattern.test(field) && values.length > 0)
  const mixed = has(/^(?:notP|p)rincipals$|^(?:notN|n)amespaces$/) && has(/serviceAccounts$/i)
  out.errorIf(mixed, path, `cannot set serviceAccounts with namespaces or principals, found at rule ${index}`)
  for (const [field, values] of given) {
    for (const text of values) {
      out.errorIf(text === '', path, `empty value not allowed, found in ${field}`)
      if (/ipblocks$/i.test(field)) out.errorIf(!isSubnet(text), path, `bad IP address (${text})`)
      const port = /^\d+$/.test(text) && Number(text) > 0 && Number(text) <= 65535
      if (/ports$/i.test(field)) out.errorIf(!port, path, `bad port (${text})`)
      if (/serviceAccounts$/i.test(field)) {
        const parts = text.split('/')
        const bad = text.includes('*') || parts.length > 2 || parts.includes('')
        out.errorIf(bad, path, `invalid service account ${text}, expected NAME or NAMESPACE/NAME`)
      }
      if (/paths$/i.test(field) && text.includes('{'))
        out.errorIf(!isPathTemplate(text), path, `invalid or unsupported path ${text}`)
      if (/trustDomains$/i.test(field)) out.errorIf(text.includes('/'), path, `invalid trust domain ${text}`)
    }
  }
}

/** Segments are literals, `{*}` or, as the last operator, `{**}`; operators do not mix with literals or stars. */
function isPathTemplate(path: string): boolean {
  let deep = false
  for (const segment of path.split('/')) {
    const operator = segment === '{*}' || segment === '{**}'
    if (operator ? deep : /[{}*]/.test(segment)) return false
    if (segment === '{**}') deep = true
  }
  return true
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

function attributeProblem(key: string, values: readonly string[]): string | null {
  if (!KEYS.test(key)) return `unknown attribute: ${key}`
  if (ADDRESSES.includes(key)) {
    const bad = values.find(value => !isSubnet(value))
    return bad === undefined ? null : `bad IP address (${bad})`
  }
  if (key === 'destination.port') {
    const bad = values.find(value => !/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 65535)
    return bad === undefined ? null : `bad port (${bad})`
  }
  return null
}
