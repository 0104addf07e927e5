// What both ends of TLS read in a CommonTlsContext, read once: certificate, protocols, and how the peer is judged
// (api: extensions/transport_sockets/tls/v3/{tls,common}.proto).
import type { TlsVersion } from '../wire/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { list, object, text } from './json.ts'
import { compileString } from './matchers.ts'

const VERSIONS: { [name: string]: TlsVersion } = { TLSv1_0: 10, TLSv1_1: 11, TLSv1_2: 12, TLSv1_3: 13 }

export interface CommonTls {
  alpn: string[]
  /** Name of the own certificate's secret; '' = none. */
  secret: string
  /** Name of the secret with the roots; '' = none. */
  roots: string
  /** Names of which the peer's certificate has to have one; empty = any. */
  names: { want: string; test: (san: string) => boolean }[]
  validation: JsonObject
  /** null = the side's default. */
  minVersion: TlsVersion | null
  maxVersion: TlsVersion | null
  /** Cipher suites up to TLS 1.2; empty = the usual ones. */
  ciphers: string[]
}

export function compileCommonTls(common: JsonObject): CommonTls {
  const params = object(common.tls_params)
  const combined = object(common.combined_validation_context)
  const validation = object(combined.default_validation_context ?? common.validation_context)
  const roots = combined.validation_context_sds_secret_config ?? common.validation_context_sds_secret_config
  return {
    alpn: list(common.alpn_protocols).map(p => text(p)),
    secret: text(object(list(common.tls_certificate_sds_secret_configs)[0]).name),
    roots: text(object(roots).name),
    names: list(validation.match_typed_subject_alt_names ?? validation.match_subject_alt_names).map(m => {
      const matcher = object(object(m).matcher ?? m)
      return { want: text(matcher.exact ?? matcher.prefix ?? matcher.suffix), test: compileString(matcher) }
    }),
    validation,
    minVersion: VERSIONS[text(params.tls_minimum_protocol_version)] ?? null,
    maxVersion: VERSIONS[text(params.tls_maximum_protocol_version)] ?? null,
    ciphers: list(params.cipher_suites).map(suite => text(suite)),
  }
}
