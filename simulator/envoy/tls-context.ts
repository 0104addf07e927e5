// What both ends of TLS read in a CommonTlsContext, read once: certificate, protocols, and how the peer is judged
// (api: extensions/transport_sockets/tls/v3/{tls,common}.proto).
import type { JsonObject } from '../xds/types.ts'
import { list, object, text } from './json.ts'
import { compileString } from './matchers.ts'

export interface CommonTls {
  alpn: string[]
  /** Name of the own certificate's secret; '' = none. */
  secret: string
  /** Name of the secret with the roots; '' = none. */
  roots: string
  /** Names of which the peer's certificate has to have one; empty = any. */
  names: { want: string; test: (san: string) => boolean }[]
  validation: JsonObject
}

export function compileCommonTls(common: JsonObject): CommonTls {
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
  }
}
