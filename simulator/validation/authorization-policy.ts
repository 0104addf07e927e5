// What istiod's webhook refuses of an AuthorizationPolicy (istio: pkg/config/validation/validation.go).
import type { AuthorizationPolicy } from '../resources/security/authorization-policy.ts'
import { isSubnet } from './hosts.ts'
import type { Refusals } from './refusals.ts'

const KEYS =
  /^(?:source\.(?:ip|namespace|serviceAccount|principal|trustDomain)|remote\.ip|destination\.(?:ip|port)|connection\.sni|request\.auth\.(?:principal|audiences|presenter)|request\.(?:headers|auth\.claims)\[.+\]|experimental\.envoy\.filters\..+)$/
const ADDRESSES = ['source.ip', 'remote.ip', 'destination.ip']

export function validateAuthorizationPolicy(spec: AuthorizationPolicy, out: Refusals): void {
  const action = spec.action ?? 'ALLOW'
  const rules = spec.rules ?? []
  const dryRun = out.resource.metadata.annotations['istio.io/dry-run']
  if (dryRun !== undefined) {
    const known = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(dryRun)
    out.errorIf(!known, ['metadata', 'annotations'], `annotation istio.io/dry-run has the invalid value ${dryRun}`)
    const fits = action === 'ALLOW' || action === 'DENY'
    out.errorIf(!fits, ['spec', 'action'], `the annotation istio.io/dry-run only supports ALLOW/DENY, found ${action}`)
  }
  if (action === 'CUSTOM') out.errorIf(!spec.provider?.name, ['spec', 'provider'], '`provider.name` must not be empty')
  else out.errorIf(spec.provider !== undefined, ['spec', 'provider'], `\`provider\` must not be with action ${action}`)
  const meaningless = (action === 'DENY' || action === 'CUSTOM') && spec.rules === undefined
  out.errorIf(meaningless, ['spec'], `${action} action without \`rules\` is meaningless`)
  for (const [i, rule] of rules.entries()) {
    const path = ['spec', 'rules', i]
    for (const [list, key] of [
      [rule.from, 'source'],
      [rule.to, 'operation'],
    ] as const) {
      for (const item of list ?? []) {
        const body: Readonly<Record<string, unknown>> = { ...Object.values(item)[0] }
        const fields = Object.entries(body)
        out.errorIf(fields.length === 0, path, `\`${key}\` must not be empty, found at rule ${i}`)
        for (const [field, values] of fields) {
          const texts = Array.isArray(values) ? values.map(String) : []
          out.errorIf(texts.length === 0 || texts.includes(''), path, `empty value not allowed, found in ${field}`)
          for (const text of texts) {
            if (/ipblocks$/i.test(field)) out.errorIf(!isSubnet(text), path, `bad IP address (${text})`)
            const port = /^\d+$/.test(text) && Number(text) > 0 && Number(text) <= 65535
            if (/ports$/i.test(field)) out.errorIf(!port, path, `bad port (${text})`)
          }
        }
      }
    }
    for (const condition of rule.when ?? []) {
      const values = [...(condition.values ?? []), ...(condition.notValues ?? [])]
      out.errorIf(values.length === 0, path, `at least one of values or notValues must be set for ${condition.key}`)
      out.errorIf(!KEYS.test(condition.key), path, `unknown attribute: ${condition.key}`)
      if (!ADDRESSES.includes(condition.key)) continue
      for (const text of values) out.errorIf(!isSubnet(text), path, `bad IP address (${text})`)
    }
  }
}
