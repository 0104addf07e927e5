// Where the keys of a token's issuer come from, as istiod looks for them (pilot/pkg/model/jwks_resolver.go).

/** Before an issuer whose key set is found by OpenID discovery. */
export const ISSUER = 'issuer '

/** Under which name the keys of a rule are kept; '' = they are in the rule. */
export function keySourceOf(rule: { issuer?: string; jwksUri?: string; jwks?: string }): string {
  if (rule.jwks !== undefined && rule.jwks !== '') return ''
  if (rule.jwksUri !== undefined && rule.jwksUri !== '') return rule.jwksUri
  return rule.issuer === undefined || rule.issuer === '' ? '' : `${ISSUER}${rule.issuer}`
}
