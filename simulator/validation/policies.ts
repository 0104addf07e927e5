// What istiod's webhook refuses of RequestAuthentication, PeerAuthentication, Telemetry and ProxyConfig
// (istio: pkg/config/validation/validation.go).
import { Environment } from '@marcbachmann/cel-js'
import { isObject } from '../resources/fields.ts'
import type { Loose } from '../resources/loose.ts'
import type { ProxyConfig } from '../resources/networking/proxy-config.ts'
import type { PeerAuthentication } from '../resources/security/peer-authentication.ts'
import type { RequestAuthentication } from '../resources/security/request-authentication.ts'
import type { Telemetry } from '../resources/telemetry/telemetry.ts'
import { attachment, report, workloadSelector } from './common.ts'
import { strictHeaderProblem } from './http-headers.ts'
import { checkDuration, type Refusals } from './refusals.ts'

const PRIVATE = ['d', 'k']

/** Keys of a JWKS text, or null when it is none. */
function keysOf(jwks: string): unknown[] | null {
  try {
    const set: unknown = JSON.parse(jwks)
    if (!isObject(set)) return null
    if (Array.isArray(set['keys'])) return set['keys']
    return set['kty'] === undefined ? null : [set]
  } catch {
    return null
  }
}

/** http or https with a host and, where given, a port that is one. */
function isKeySetUri(uri: string): boolean {
  const match = /^https?:\/\/(?:\[[^\]]+\]|[^/:?#\s]+)(?::([^/?#]*))?(?:[/?#]|$)/.exec(uri)
  if (match === null) return false
  const port = match[1] ?? ''
  return port === '' || (/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)
}

export function validateRequestAuthentication(spec: Loose<RequestAuthentication>, out: Refusals): void {
  attachment(spec, out)
  for (const [i, rule] of (spec.jwtRules ?? []).entries()) {
    const path = ['spec', 'jwtRules', i]
    out.errorIf((rule.audiences ?? []).includes(''), path, 'audience must be non-empty string')
    out.errorIf(!rule.issuer && !rule.jwksUri, path, 'issuer or jwksUri must be non-empty string')
    const uri = rule.jwksUri ?? ''
    out.errorIf(uri !== '' && !isKeySetUri(uri), path, `URI ${uri} is not supported`)
    const keys = rule.jwks ? keysOf(rule.jwks) : []
    out.errorIf(keys === null, [...path, 'jwks'], 'jwks parse error')
    for (const [k, key] of (keys ?? []).entries()) {
      if (!isObject(key) || !PRIVATE.some(name => name in key)) continue
      const message = `jwks key at index ${k} contains private key material; only public keys are used for verification`
      out.warn([...path, 'jwks'], message)
    }
    for (const header of rule.fromHeaders ?? []) {
      out.errorIf(!header.name, path, 'location header name must be non-empty string')
    }
    out.errorIf((rule.fromParams ?? []).includes(''), path, 'location query must be non-empty string')
    out.errorIf((rule.fromCookies ?? []).includes(''), path, 'cookie name must be non-empty string')
    for (const { claim, header } of rule.outputClaimToHeaders ?? []) {
      const message = 'outputClaimToHeaders header and claim value must be non-empty string'
      if (!claim || !header) out.error(path, message)
      else report(out, path, strictHeaderProblem(header))
    }
    checkDuration(out, [...path, 'timeout'], rule.timeout)
  }
}

export function validatePeerAuthentication(spec: Loose<PeerAuthentication>, out: Refusals): void {
  const ports = Object.keys(spec.portLevelMtls ?? {})
  const everyone = Object.keys(spec.selector?.matchLabels ?? {}).length === 0
  const path = ['spec', 'portLevelMtls']
  const message = 'mesh/namespace peer authentication cannot have port level mTLS'
  out.errorIf(everyone && ports.length > 0, path, message)
  for (const port of ports) {
    out.errorIf(!(Number(port) > 0 && Number(port) <= 65535), path, 'port must be in range 1..65535')
  }
  workloadSelector(spec.selector, ['spec', 'selector'], out)
}

export function validateProxyConfig(spec: Loose<ProxyConfig>, out: Refusals): void {
  workloadSelector(spec.selector, ['spec', 'selector'], out)
  const message = 'concurrency must be greater than or equal to 0'
  out.errorIf((spec.concurrency ?? 0) < 0, ['spec', 'concurrency'], message)
}

const cel = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })

/** Is it CEL at all? Names and types are left to Envoy, as istiod leaves them (validation_istiod.go parses only). */
export function celProblem(expression: string): string | null {
  try {
    cel.parse(expression)
    return null
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    return `must be a valid CEL expression: ${why}`
  }
}

function providers(list: readonly { name?: string | undefined }[] | undefined, path: string[], out: Refusals): void {
  out.errorIf(
    (list ?? []).some(provider => !provider.name),
    path,
    'providers.name may not be empty',
  )
}

export function validateTelemetry(spec: Loose<Telemetry>, out: Refusals): void {
  attachment(spec, out)
  metrics(spec, out)
  tracing(spec, out)
  for (const entry of spec.accessLogging ?? []) {
    const path = ['spec', 'accessLogging']
    const problem = entry.filter === undefined ? null : celProblem(entry.filter.expression ?? '')
    if (problem !== null) out.error(path, problem)
    providers(entry.providers, path, out)
  }
}

function metrics(spec: Loose<Telemetry>, out: Refusals): void {
  const path = ['spec', 'metrics']
  for (const metric of spec.metrics ?? []) {
    providers(metric.providers, path, out)
    for (const override of metric.overrides ?? []) {
      for (const [name, tag] of Object.entries(override.tagOverrides ?? {})) {
        if (name === '') out.warn(path, 'tagOverrides.name may not be empty')
        const removed = tag?.operation === 'REMOVE'
        out.errorIf(!removed && !tag?.value, path, 'tagOverrides.value must be set when operation is UPSERT')
        out.errorIf(removed && Boolean(tag.value), path, 'tagOverrides.value may only be set when operation is UPSERT')
      }
      out.errorIf(override.match?.customMetric === '', path, 'customMetric may not be empty')
    }
  }
}

function tracing(spec: Loose<Telemetry>, out: Refusals): void {
  const path = ['spec', 'tracing']
  const entries = spec.tracing ?? []
  if (entries.length > 1) out.warn(path, 'multiple tracing is not currently supported')
  for (const entry of entries) {
    if ((entry.providers ?? []).length > 1) out.warn(path, 'multiple providers is not currently supported')
    providers(entry.providers, path, out)
    const sampling = entry.randomSamplingPercentage ?? 0
    out.errorIf(sampling < 0 || sampling > 100, path, 'randomSamplingPercentage must be in range [0.0, 100.0]')
    for (const [name, tag] of Object.entries(entry.customTags ?? {})) {
      out.errorIf(name === '', path, 'tag name may not be empty')
      out.errorIf(tag?.literal !== undefined && !tag.literal.value, path, 'literal tag value may not be empty')
      out.errorIf(tag?.header !== undefined && !tag.header.name, path, 'header tag name may not be empty')
      out.errorIf(
        tag?.environment !== undefined && !tag.environment.name,
        path,
        'environment tag name may not be empty',
      )
    }
  }
}
