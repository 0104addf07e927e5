// RBAC and external authorization filters of a workload (pilot/pkg/security/authz/builder/builder.go).
import type { AuthorizationPolicies, Config } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { AuthorizationPolicy } from '../../resources/index.ts'
import type { ExtensionProvider } from '../../resources/mesh-config.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'
import { authorizer, CUSTOM_PREFIX, CUSTOM_SHADOW_PREFIX } from './authz-providers.ts'
import { matchesNever, rulePolicy } from './authz-rule.ts'
import type { FindServices } from './provider-cluster.ts'

export interface AuthorizationOptions {
  layer: 'http' | 'tcp'
  /** The mesh's trust domain, then its aliases. */
  trustDomains: readonly string[]
  providers: readonly ExtensionProvider[]
  findServices: FindServices
  /** Several CUSTOM providers at one workload are allowed. */
  severalProviders: boolean
}

type Action = 'ALLOW' | 'DENY' | 'LOG'

interface Rules {
  action: Action
  policies: Map<string, JsonObject>
}

const newRules = (action: Action): Rules => ({ action, policies: new Map() })

const rbac = (rules: Rules): JsonObject => ({
  // ALLOW is the proto's default
  ...(rules.action === 'ALLOW' ? {} : { action: rules.action }),
  ...(rules.policies.size > 0 ? { policies: Object.fromEntries(rules.policies) } : {}),
})

const isDryRun = (policy: Config<unknown>): boolean =>
  ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(policy.annotations['istio.io/dry-run'] ?? '')

function addPolicy(
  target: Rules,
  policy: Config<AuthorizationPolicy>,
  namePrefix: string,
  options: AuthorizationOptions,
): void {
  const rules = policy.spec.rules ?? []
  const name = (index: number): string => `${namePrefix}ns[${policy.namespace}]-policy[${policy.name}]-rule[${index}]`
  for (const [index, rule] of rules.entries()) {
    const built = rulePolicy(rule, {
      namespace: policy.namespace,
      trustDomains: options.trustDomains,
      tcp: options.layer === 'tcp',
      allow: target.action === 'ALLOW',
    })
    if (built) target.policies.set(name(index), built)
  }
  if (rules.length === 0) target.policies.set(name(0), matchesNever())
}

const filter = (layer: 'http' | 'tcp', fields: JsonObject): NamedFilter =>
  layer === 'http'
    ? {
        name: 'envoy.filters.http.rbac',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', ...fields },
      }
    : {
        name: 'envoy.filters.network.rbac',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC',
          ...fields,
          stat_prefix: 'tcp.',
        },
      }

/** AUDIT, DENY and ALLOW: one filter for each action that has policies. */
export function localFilters(policies: AuthorizationPolicies, options: AuthorizationOptions): NamedFilter[] {
  const filters: NamedFilter[] = []
  const actions: readonly (readonly [Action, readonly Config<AuthorizationPolicy>[]])[] = [
    ['LOG', policies.audit],
    ['DENY', policies.deny],
    ['ALLOW', policies.allow],
  ]
  for (const [action, list] of actions) {
    if (list.length === 0) continue
    const enforced = newRules(action)
    const shadow = newRules(action)
    for (const policy of list) addPolicy(isDryRun(policy) ? shadow : enforced, policy, '', options)
    const dry = list.some(isDryRun)
    // no shadow rules count as ALLOW ones
    const mode = dry ? action : 'ALLOW'
    filters.push(
      filter(options.layer, {
        ...(list.every(isDryRun) ? {} : { rules: rbac(enforced) }),
        ...(dry ? { shadow_rules: rbac(shadow) } : {}),
        ...(mode === 'LOG' ? {} : { shadow_rules_stat_prefix: `istio_dry_run_${mode.toLowerCase()}_` }),
      }),
    )
  }
  return filters
}

/** CUSTOM: shadow rules find out whom to ask about, the authorizer decides. */
export function customFilters(policies: AuthorizationPolicies, options: AuthorizationOptions): NamedFilter[] {
  const byProvider = new Map<string, { enforced: Rules; shadow: Rules }>()
  for (const policy of policies.custom) {
    const provider = policy.spec.provider?.name ?? ''
    const rules = byProvider.get(provider) ?? { enforced: newRules('DENY'), shadow: newRules('DENY') }
    byProvider.set(provider, rules)
    const prefix = provider === '' ? `${CUSTOM_PREFIX}-` : `${CUSTOM_PREFIX}-${provider}-`
    addPolicy(isDryRun(policy) ? rules.shadow : rules.enforced, policy, prefix, options)
  }
  const providers = [...byProvider].sort(([a], [b]) => compareText(a, b))
  if (providers.length > 1 && !options.severalProviders) {
    return providers.map(([, { enforced }]) => denying(enforced, options))
  }
  return providers.flatMap(([provider, rules]) => providerFilters(provider, rules, options))
}

/** What a broken provider guards is denied. */
const denying = (rules: Rules, options: AuthorizationOptions): NamedFilter => {
  const renamed = newRules('DENY')
  for (const [name, policy] of rules.policies) renamed.policies.set(`${name}-deny-due-to-bad-CUSTOM-action`, policy)
  return filter(options.layer, { rules: rbac(renamed) })
}

function providerFilters(
  provider: string,
  rules: { enforced: Rules; shadow: Rules },
  options: AuthorizationOptions,
): NamedFilter[] {
  const { layer } = options
  const found = authorizer(provider, options.providers, options.findServices)
  if (!found) return [denying(rules.enforced, options)]
  const config = layer === 'http' ? found.http : found.tcp
  if (!config) return []
  const kind = layer === 'http' ? 'http' : 'network'
  const enabled: JsonObject = {
    filter_enabled_metadata: {
      filter: `envoy.filters.${kind}.rbac`,
      path: [{ key: `${CUSTOM_SHADOW_PREFIX}shadow_effective_policy_id` }],
      value: { string_match: { prefix: `${CUSTOM_PREFIX}-${provider}` } },
    },
  }
  return [
    filter(layer, {
      ...(rules.shadow.policies.size > 0 ? { rules: rbac(rules.shadow) } : {}),
      shadow_rules: rbac(rules.enforced),
      shadow_rules_stat_prefix: CUSTOM_SHADOW_PREFIX,
    }),
    {
      name: `envoy.filters.${kind}.ext_authz`,
      typed_config: {
        '@type': `type.googleapis.com/envoy.extensions.filters.${kind}.ext_authz.v3.ExtAuthz`,
        ...config,
        ...enabled,
      },
    },
  ]
}
