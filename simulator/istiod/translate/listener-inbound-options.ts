// Which connections an inbound chain takes: by TLS and ALPN, as the mTLS mode demands
// (pilot/pkg/networking/core/filterchain_options.go).
import type { MutualTlsMode } from '../../registry/mesh-snapshot.ts'
import type { TranslationContext } from './translation-context.ts'

export interface ChainOption {
  http: boolean
  transport: 'tls' | 'raw_buffer'
  alpn: readonly string[]
  /** TLS ends here, with a client's certificate. */
  mutual: boolean
}

const MUTUAL_HTTP = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2']
const MUTUAL_TCP = ['istio-peer-exchange', 'istio']
const MUTUAL = ['istio', 'istio-peer-exchange', ...MUTUAL_HTTP]

/** What the sidecar offers to clients by SNI-DNAT and to a port of the given kind. */
export const ALL_MUTUAL_ALPN: readonly string[] = MUTUAL

const tls = (http: boolean, alpn: readonly string[], mutual: boolean): ChainOption => ({
  http,
  transport: 'tls',
  alpn,
  mutual,
})
const plain = (http: boolean, alpn: readonly string[] = []): ChainOption => ({
  http,
  transport: 'raw_buffer',
  alpn,
  mutual: false,
})

/** Chains for a port of HTTP, TCP or unknown protocol (`auto`: found out by looking), in order. */
export function chainOptions(
  context: TranslationContext,
  mode: MutualTlsMode,
  kind: 'http' | 'tcp' | 'auto',
): ChainOption[] {
  const sniffed = context.snapshot.flagOn('PILOT_HTTP10', false) ? ['http/1.0', 'http/1.1', 'h2c'] : ['http/1.1', 'h2c']
  if (kind === 'auto') {
    if (mode === 'STRICT') return [tls(true, MUTUAL_HTTP, true), tls(false, [], true)]
    if (mode === 'DISABLE') return [plain(true, sniffed), plain(false)]
    return [
      tls(true, MUTUAL_HTTP, true),
      plain(true, sniffed),
      tls(false, MUTUAL_TCP, true),
      plain(false),
      tls(false, [], false),
    ]
  }
  const http = kind === 'http'
  if (mode === 'STRICT') return [tls(http, [], true)]
  if (mode === 'DISABLE') return [plain(http)]
  if (http) return [tls(true, MUTUAL, true), plain(true)]
  return [tls(false, MUTUAL, true), tls(false, [], false), plain(false)]
}
