// The filter that checks JSON Web Tokens (pilot/pkg/security/authn/policy_applier.go convertToEnvoyJwtConfig).
import type { Config } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { JWTRule, RequestAuthentication } from '../../resources/index.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { outboundClusterName } from './cluster-names.ts'
import type { FindServices } from './provider-cluster.ts'

/** Who fetches key sets: istiod (inlined), Envoy, or Envoy where the server is known and istiod else. */
export type JwksFetchMode = 'Istiod' | 'Envoy' | 'Hybrid'

export interface JwtOptions {
  /** Gateways choose the route anew when claims are known. */
  clearRouteCache: boolean
  fetchMode: JwksFetchMode
  findServices: FindServices
  /** What istiod fetched for a rule, or null: then no token can be right. */
  fetched(rule: JWTRule): string | null
}

/** A key set whose private key nobody has: what istiod inlines when it could fetch nothing. */
const UNUSABLE_MODULUS =
  '0xObjM0UvS_oaazjpEYlAbwctEJ4L8pH3OuTb7qth7gUwqet-EzQB4dgFdvSdMgrLnSncQGRjpEYz3F3viIbH-3EN3TxSlPNviHxeOdyiBVfumN8' +
  'dMxbLvVJUpfNOnvmMxJcl-8NNjAwcOjk4otSALaYgYYyOPyvKtgVdrQr-FoubWX4yrjxW-MJ2-7OBeepUUNOsVwGV23YX03sVkkyvY3otRflkBcY' +
  '3_HKpBxJl9wk2GyOShN4_PNUF9-vwfnvOXMbCDX-w4PTef4geeb_GiT40YCKHTKMSPVanGRn5GExIWmki-mmqh94-mPTJyBR74ShspL3BxPZitDL' +
  '574T1w'

const UNUSABLE_KEYS = `{
  "keys": [
    {
      "kty": "RSA",
      "e": "AQAB",
      "n": "${UNUSABLE_MODULUS}"
    }
  ]
}`

interface Address {
  host: string
  port: number
}

/** Host and port of a key server. */
function serverOf(uri: string): Address | null {
  const found = /^(https?):\/\/([^/:?#]+)(?::(\d+))?(?:[/?#].*)?$/.exec(uri)
  if (!found) return null
  const [, scheme, host = '', port] = found
  return { host, port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port) }
}

function keySource(rule: JWTRule, options: JwtOptions): JsonObject {
  const local = (keys: string): JsonObject => ({ local_jwks: { inline_string: keys } })
  const uri = rule.jwksUri ?? ''
  if (options.fetchMode === 'Istiod' || uri === '') {
    return local(rule.jwks || (options.fetched(rule) ?? UNUSABLE_KEYS))
  }
  const server = serverOf(uri)
  const found = server === null ? [] : options.findServices(server.host)
  const known = found.length === 1 ? found[0] : undefined
  if (!known && options.fetchMode === 'Hybrid') return local(options.fetched(rule) ?? UNUSABLE_KEYS)
  return {
    remote_jwks: {
      http_uri: {
        uri,
        cluster: outboundClusterName(server?.port ?? 0, '', known?.hostname ?? server?.host ?? ''),
        timeout: protoDuration(rule.timeout ?? '5s'),
      },
      cache_duration: '300s',
    },
  }
}

function provider(rule: JWTRule, options: JwtOptions): JsonObject {
  const claims = [...new Set([...(rule.spaceDelimitedClaims ?? []), 'permission', 'scope'])].sort(compareText)
  return {
    ...(rule.issuer ? { issuer: rule.issuer } : {}),
    ...(rule.audiences?.length ? { audiences: rule.audiences } : {}),
    ...keySource(rule, options),
    ...(rule.forwardOriginalToken ? { forward: true } : {}),
    ...(rule.fromHeaders?.length
      ? {
          from_headers: rule.fromHeaders.map(header => ({
            name: header.name,
            ...(header.prefix ? { value_prefix: header.prefix } : {}),
          })),
        }
      : {}),
    ...(rule.fromParams?.length ? { from_params: rule.fromParams } : {}),
    ...(rule.fromCookies?.length ? { from_cookies: rule.fromCookies } : {}),
    ...(rule.outputPayloadToHeader ? { forward_payload_header: rule.outputPayloadToHeader } : {}),
    ...(rule.outputClaimToHeaders?.length
      ? {
          claim_to_headers: rule.outputClaimToHeaders.map(({ header, claim }) => ({
            header_name: header,
            claim_name: claim,
          })),
        }
      : {}),
    payload_in_metadata: 'payload',
    normalize_payload_in_metadata: { space_delimited_claims: claims },
    ...(options.clearRouteCache ? { clear_route_cache: true } : {}),
  }
}

/** All rules of all policies, by issuer; null when there are none. A missing token passes, a wrong one does not. */
export function jwtFilter(policies: readonly Config<RequestAuthentication>[], options: JwtOptions): NamedFilter | null {
  const rules = policies
    .flatMap(policy => policy.spec.jwtRules ?? [])
    .sort((a, b) => compareText(a.issuer ?? '', b.issuer ?? ''))
  if (rules.length === 0) return null
  const providers: JsonObject = {}
  const names = rules.map((_, index) => `origins-${index}`)
  for (const [index, rule] of rules.entries()) providers[`origins-${index}`] = provider(rule, options)
  const orMissing = names.map(name => ({
    requires_any: { requirements: [{ provider_name: name }, { allow_missing: {} }] },
  }))
  const requires =
    orMissing.length === 1
      ? orMissing[0]
      : {
          requires_any: {
            requirements: [
              ...names.map(name => ({ provider_name: name })),
              { requires_all: { requirements: orMissing } },
            ],
          },
        }
  return {
    name: 'envoy.filters.http.jwt_authn',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers,
      rules: [{ match: { prefix: '/' }, requires }],
      bypass_cors_preflight: true,
    },
  }
}
