// What travels between pods: connections, HTTP messages and TLS hellos, as plain values, and the doors through which
// a dialler and an acceptor meet. Envoy proxies, applications and load generators all speak these types; the world
// carries them. Messages travel whole (head, body and trailers at once): chunking is not modelled.

export type HttpProtocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2'

/** Header lines in order; names are lower case. Pseudo headers live in fields of the message, not here. */
export type HeaderLines = [name: string, value: string][]

export interface HttpRequest {
  method: string
  scheme: string
  authority: string
  /** Path with query, as sent. */
  path: string
  headers: HeaderLines
  body: string
  protocol: HttpProtocol
  /** Identifies the call tree for observers: same value on every hop caused by one client request. */
  traceId: number
  /** Observer's id of the stream that caused this one (0 = none). */
  parentSpan: number
}

export interface HttpResponse {
  status: number
  headers: HeaderLines
  body: string
  trailers: HeaderLines | null
  protocol: HttpProtocol
}

/** Why a stream ended without a (complete) response, in Envoy's words (source/common/http/utility.cc). */
export type StreamResetReason =
  | 'local reset'
  | 'local refused stream reset'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'local connection failure'
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'overflow'
  | 'protocol error'

/** A certificate as the model knows it: identity and validity, no cryptography. Times in virtual microseconds. */
export interface CertificateIdentity {
  /** Subject alternative names: URIs (spiffe://...) and DNS names. */
  sans: string[]
  /** Name of the signing root; verification compares it with the trust bundle. */
  issuer: string
  notBefore: number
  notAfter: number
  subject: string
  /** Counts what the mesh's authority has signed. */
  serial?: number
  /** Names of the authorities between it and the root, the nearest first. */
  chain?: readonly string[]
  /** The certificate's text, where there is one. */
  pem?: string
}

/** Versions of TLS by their digits. */
export type TlsVersion = 10 | 11 | 12 | 13

export interface ClientHello {
  sni: string
  alpn: string[]
  /** Offered when the server asks for one. */
  certificate: CertificateIdentity | null
  /** Absent: 1.2 to 1.3. */
  versions?: { min: TlsVersion; max: TlsVersion }
  /** Cipher suites up to TLS 1.2, OpenSSL's names; absent or empty: the usual ones. */
  ciphers?: readonly string[]
  /** Decides whether the server's certificate is good: null = good, else Envoy's error text. */
  verify: (server: CertificateIdentity | null) => string | null
  /** Of an earlier handshake with whoever this client takes for the same server. */
  session?: TlsSession
  /** Told once, when the handshake is over and good. */
  onFinished?: (server: ServerHello) => void
  /** TLS that travels inside this TLS, for somebody behind the acceptor. */
  inner?: ClientHello
}

/** What a server gave a client so that the next handshake is a short one; only the server can read it. */
export type TlsSession = object

/** What the server side of a handshake answers. */
export interface ServerHello {
  alpn: string | null
  certificate: CertificateIdentity | null
  /** For the next time; absent: the server gives none. */
  session?: TlsSession
  /** Was the client's session taken? */
  resumed?: boolean
}

/** First bytes that an inspector may look at. 'none' = the client waits for the server to speak. */
export type FirstBytes = HttpProtocol | 'unknown' | 'none'

/** The PROXY protocol's header: for whom a proxy opens a connection. */
export interface ProxyHeader {
  ip: string
  port: number
}

/** All a listener can know of a connection when it chooses a filter chain. */
export interface ConnectionAttempt {
  sourceIp: string
  sourcePort: number
  /** Original destination (before any redirection). */
  destinationIp: string
  destinationPort: number
  tls: ClientHello | null
  firstBytes: FirstBytes
  /** The first thing on the connection, before TLS. */
  proxyHeader?: ProxyHeader | undefined
}

export type ConnectFailure = 'refused' | 'unreachable' | 'timeout' | 'reset' | 'tls'

/** The dialler's end of an open connection. */
export interface ClientConnection {
  readonly alpn: string | null
  readonly peerCertificate: CertificateIdentity | null
  readonly localAddress: string
  /** Sends one HTTP request; the answer reaches `observer` later, exactly once. */
  request(request: HttpRequest, observer: ResponseObserver): RequestHandle
  /** Sends opaque bytes (TCP). */
  send(data: string): void
  /** Closes; nothing more is delivered to the dialler. */
  close(): void
}

export interface RequestHandle {
  /** Abandons the request; the server learns of it after the link's latency. Nothing more is delivered. */
  cancel(): void
}

export interface ResponseObserver {
  onResponse(response: HttpResponse): void
  onReset(reason: StreamResetReason, detail: string): void
}

/** The dialler's ear. */
export interface DialObserver {
  onConnected(connection: ClientConnection): void
  /** `detail`: transport failure text in Envoy's words, may be empty. */
  onConnectFailure(failure: ConnectFailure, detail: string): void
  onData(data: string): void
  /** The peer closed (or reset) the open connection. */
  onClosed(how: 'fin' | 'rst'): void
}

/** What accepts connections at an address: an application's port or a proxy's capturing listener. */
export interface Acceptor {
  /** Called when the connection has arrived; answers synchronously whether and how it goes on. */
  accept(attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult
}

export type AcceptResult =
  /**
   * `deferHello`: the handshake is between the dialler and somebody further on (a TCP proxy passing TLS through);
   * the dialler is connected when `ServerConnection.answerHello` is called.
   */
  | { kind: 'accepted'; hello: ServerHello | null; handler: ServerConnectionHandler; deferHello?: boolean }
  | { kind: 'refused' }
  | { kind: 'reset' }
  | { kind: 'tls-failure'; detail: string }

/** The acceptor's end of a connection. */
export interface ServerConnection {
  send(data: string): void
  close(how: 'fin' | 'rst'): void
  /** Completes a handshake that was accepted with `deferHello`. */
  answerHello?(hello: ServerHello | null): void
}

/** The acceptor's ear on one connection. */
export interface ServerConnectionHandler {
  onRequest(request: HttpRequest, responder: Responder): void
  onData(data: string): void
  onClosed(): void
}

/** Where one answer goes. Exactly one of respond and reset is called, at most once. */
export interface Responder {
  respond(response: HttpResponse): void
  reset(reason: StreamResetReason): void
  /** Set by the acceptor to learn that the caller has gone away. */
  onCancel: (() => void) | null
}

/** The network as a proxy or an application sees it: it can only dial. */
export interface Network {
  /**
   * Dials `ip:port` from the pod that owns this Network. `bypassCapture`: do not pass the pod's own sidecar
   * (a proxy's own upstream connections). Returns a handle that abandons the attempt.
   */
  dial(target: DialTarget, observer: DialObserver): { cancel(): void }
}

export interface DialTarget {
  ip: string
  port: number
  tls: ClientHello | null
  firstBytes: FirstBytes
  bypassCapture: boolean
  /** Written before anything else. */
  proxyHeader?: ProxyHeader | undefined
  /**
   * Address that a proxy binds. 127.0.0.6 (inbound clusters) reaches the pod's own application; with the pod's own IP a
   * dial to the pod itself comes in again through its inbound capture. Absent: as 127.0.0.6.
   */
  sourceIp?: string
}
