// The transport sockets of a cluster: plain text or TLS, by the endpoint's metadata; what a TLS client offers and how it
// judges the server (envoy: source/common/upstream/transport_socket_match_impl.cc, common/tls/cert_validator).
import { carriesName } from '../../wire/certificate-names.ts'
import type { CertificateIdentity, ClientHello, TlsSession } from '../../wire/types.ts'
import type { Cluster, JsonObject } from '../../xds/types.ts'
import { list, object, text } from '../json.ts'
import { clockOf, type ProxyOptions } from '../options.ts'
import { type CommonTls, compileCommonTls } from '../tls-context.ts'
import { CHAIN_EXPIRED, CHAIN_NOT_YET_VALID, CHAIN_UNKNOWN, unverified, wrongSans } from '../tls-negotiation.ts'
import type { ClusterCounters } from './counters.ts'
import type { Host } from './host.ts'

const NOT_TLS = 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'

/** What one TLS context says, read once. */
interface TlsContext extends CommonTls {
  sni: string
  autoSni: boolean
  /** Are peers checked against roots at all? */
  checks: boolean
  /** Do the mesh's roots sign, or the public authorities? */
  meshRoots: boolean
  /** The latest session, one for all hosts (max_session_keys: 1), and the certificate that was shown. */
  session: { own: CertificateIdentity | null; session: TlsSession } | null
}

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'

interface Choice {
  match: JsonObject
  tls: TlsContext | null
  /** Tells the server for whom the connection is (PROXY protocol). */
  tellsClient: boolean
}

export class TransportSockets {
  private readonly choices: Choice[]
  private readonly fallback: Choice
  private readonly options: ProxyOptions
  private readonly counters: ClusterCounters
  /** Does any of them begin with a PROXY header? */
  private readonly tellsClients: boolean
  /** auto_san_validation: the server must carry the name that the request asks for. */
  private readonly autoSan: boolean

  constructor(config: Cluster, options: ProxyOptions, counters: ClusterCounters) {
    this.options = options
    this.counters = counters
    const http = object(object(config.typed_extension_protocol_options)[HTTP_OPTIONS])
    this.autoSan = object(http.upstream_http_protocol_options).auto_san_validation === true
    this.choices = list(config.transport_socket_matches).map(entry =>
      choiceOf(object(object(entry).match), object(object(entry).transport_socket)),
    )
    this.fallback = choiceOf({}, object(config.transport_socket))
    this.tellsClients = [...this.choices, this.fallback].some(choice => choice.tellsClient)
  }

  /** The hello for a host; null = plain text. `alpn` and `sni`: what the stream asks for instead of the cluster's. */
  hello(host: Host, alpn: readonly string[] | null, sni: string): ClientHello | null {
    const { tls } = this.choiceFor(host)
    if (tls === null) return null
    const { options } = this
    const own = tls.secret === '' ? null : tls.secret === 'default' ? options.certificate() : options.secret(tls.secret)
    // With another certificate the context is another one, and so are its sessions.
    const known = tls.session !== null && tls.session.own === own ? { session: tls.session.session } : {}
    return {
      ...known,
      onFinished: ({ session, resumed }) => {
        this.counters['ssl.handshake']++
        if (resumed === true) this.counters['ssl.session_reused']++
        tls.session = session === undefined ? null : { own, session }
      },
      sni: sni !== '' && tls.sni === '' && tls.autoSni ? sni : tls.sni,
      alpn: alpn === null ? tls.alpn : [...alpn],
      certificate: own,
      // A client of Envoy's goes up to 1.2 unless it is told otherwise.
      versions: { min: tls.minVersion ?? 12, max: tls.maxVersion ?? 12 },
      ciphers: tls.ciphers,
      verify: server => verdict(tls, server, options) ?? (this.autoSan && sni !== '' ? unnamed(sni, server) : null),
    }
  }

  /** Do connections to a host begin with a PROXY header? */
  tellsClient(host: Host): boolean {
    return this.tellsClients && this.choiceFor(host).tellsClient
  }

  private choiceFor(host: Host): Choice {
    if (this.choices.length === 0) return this.fallback
    const labels = object(object(host.metadata.filter_metadata)['envoy.transport_socket_match'])
    for (const choice of this.choices)
      if (Object.keys(choice.match).every(name => labels[name] === choice.match[name])) return choice
    return this.fallback
  }
}

const PROXY_PROTOCOL = 'ProxyProtocolUpstreamTransport'

function choiceOf(match: JsonObject, socket: JsonObject): Choice {
  const config = object(socket.typed_config)
  const tellsClient = text(config['@type']).endsWith(PROXY_PROTOCOL)
  return { match, tls: contextOf(tellsClient ? object(config.transport_socket) : socket), tellsClient }
}

function contextOf(socket: JsonObject): TlsContext | null {
  const tls = object(socket.typed_config)
  if (!text(tls['@type']).endsWith('UpstreamTlsContext')) return null
  const common = compileCommonTls(object(tls.common_tls_context))
  return {
    sni: text(tls.sni),
    autoSni: tls.auto_host_sni === true || text(tls.sni) === '',
    checks: common.roots !== '' || common.validation.trusted_ca !== undefined,
    meshRoots: common.roots === 'ROOTCA',
    session: null,
    ...common,
  }
}

function verdict(tls: TlsContext, server: CertificateIdentity | null, options: ProxyOptions): string | null {
  if (server === null) return NOT_TLS
  if (tls.checks) {
    const now = clockOf(options)
    if (now < server.notBefore) return CHAIN_NOT_YET_VALID
    if (now > server.notAfter) return CHAIN_EXPIRED
    if (tls.meshRoots && !options.trustRoots().includes(server.issuer)) return CHAIN_UNKNOWN
  }
  if (tls.names.length > 0 && !server.sans.some(san => tls.names.some(n => n.test(san)))) {
    // The mesh's certificates go through Envoy's SPIFFE validator, others through the default one.
    return tls.meshRoots ? wrongSans(server.sans) : notAmong(tls.names.map(n => n.want).join(',_'), server.sans)
  }
  return null
}

/** Why the server's certificate does not carry a host's name. */
function unnamed(host: string, server: CertificateIdentity | null): string | null {
  const sans = server?.sans ?? []
  return carriesName(sans, host) ? null : notAmong(host, sans)
}

const notAmong = (wanted: string, sans: readonly string[]): string =>
  unverified(`verify_SAN_list,_expected_SANs:_[${wanted}],_certificate_SANs:_[${sans.join(',_')}]`)
