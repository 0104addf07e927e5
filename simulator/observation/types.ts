// What an observer may know of a run. Values only: nothing here refers to a live object, nobody may change it.
import type { PushRecord, XdsRecord, XdsStreamRecord } from './push-records.ts'

export type { PushRecord, XdsRecord, XdsStreamRecord }

/** One decision on a request's way, in the order taken. `rejected` tells why candidates before it did not match. */
export interface TrailStep {
  step:
    | 'listener'
    | 'filter chain'
    | 'virtual host'
    | 'route'
    | 'filter'
    | 'cluster'
    | 'endpoint'
    | 'connection'
    | 'try'
    | 'end'
  /** Name of what was chosen, e.g. the cluster's name. */
  name: string
  /** One short sentence or ''. */
  note: string
  rejected: { name: string; why: string }[]
  /** Resource that caused it ("/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews") or ''. */
  config: string
  at: number
}

/** One stream through one proxy: what an access log line holds, and more. Times in virtual microseconds. */
export interface StreamRecord {
  kind: 'stream'
  span: number
  parentSpan: number
  traceId: number
  /** `name.namespace` of the proxy. */
  proxy: string
  /** Workload the proxy belongs to (pod name). */
  pod: string
  direction: 'inbound' | 'outbound' | 'gateway'
  start: number
  end: number
  /** When the last try was sent upstream and when its response arrived; -1 = never. */
  upstreamStart: number
  upstreamEnd: number
  protocol: string
  method: string
  authority: string
  path: string
  status: number
  /** In the order in which they were set. */
  flags: string[]
  details: string
  attempts: number
  listener: string
  filterChain: string
  virtualHost: string
  routeName: string
  cluster: string
  /** `ip:port` or ''. */
  upstreamHost: string
  upstreamProtocol: string
  upstreamTransportFailure: string
  downstreamPeer: string
  mtls: boolean
  /** Did the client speak TLS to this proxy, and this proxy to the server? */
  tls: boolean
  upstreamTls: boolean
  /** Server name of the client's TLS hello, as far as this proxy may see it. */
  sni: string
  /** `ip:port` of the connections' ends, '' where neither a trail nor a log line was asked for. */
  downstreamRemote: string
  downstreamLocal: string
  upstreamLocal: string
  requestId: string
  userAgent: string
  bytesReceived: number
  bytesSent: number
  injectedDelay: boolean
  injectedAbort: boolean
  isShadow: boolean
  trail: TrailStep[] | null
  requestHeaders: [string, string][] | null
  responseHeaders: [string, string][] | null
}

/** One TCP connection proxied at layer 4 (or refused by a listener). */
export interface ConnectionRecord {
  kind: 'connection'
  span: number
  proxy: string
  pod: string
  direction: 'inbound' | 'outbound' | 'gateway'
  start: number
  end: number
  listener: string
  filterChain: string
  cluster: string
  upstreamHost: string
  flags: string[]
  details: string
  upstreamTransportFailure: string
  downstreamTransportFailure: string
  mtls: boolean
  tls: boolean
  upstreamTls: boolean
  downstreamPeer: string
  sni: string
  downstreamRemote: string
  downstreamLocal: string
  upstreamLocal: string
  bytesReceived: number
  bytesSent: number
  attempts: number
  /** The beginning of what was carried; absent: nobody watched the wire. */
  firstBytes?: { there: string; back: string }
}

/** What one access log line speaks of. */
export type LoggedRecord = StreamRecord | ConnectionRecord

/** One line that a proxy wrote, because its configuration says so. */
export interface LogRecord {
  kind: 'log'
  at: number
  proxy: string
  pod: string
  /** File of the log: /dev/stdout. */
  path: string
  /** With the line break that its format ends in. */
  line: string
}

/** One request as an application served it. */
export interface ServedRecord {
  kind: 'served'
  traceId: number
  parentSpan: number
  pod: string
  start: number
  /** When a worker took it (start + queueing). */
  begun: number
  end: number
  method: string
  authority: string
  path: string
  status: number
  abandoned: boolean
}

/** One request as the client that generated load saw it. status 0 = no answer, see `failure`; a talk over TCP that was answered counts as 200. */
export interface ClientRecord {
  kind: 'client'
  traceId: number
  source: string
  start: number
  end: number
  method: string
  url: string
  status: number
  failure: '' | 'reset' | 'closed' | 'timeout' | 'refused' | 'unreachable' | 'tls'
  body: string
}

export interface EjectionRecord {
  kind: 'ejection'
  at: number
  proxy: string
  cluster: string
  host: string
  ejected: boolean
  why: string
}

/** What the rules of an RBAC filter decided about a request or connection: Envoy's log line of the debug level `rbac`. */
export interface PolicyRecord {
  kind: 'policy'
  at: number
  proxy: string
  /** 0 = a connection. */
  traceId: number
  /** shadow: told only (dry run, or whether an authorizer is to be asked). */
  mode: 'enforced' | 'shadow'
  action: string
  allowed: boolean
  /** `ns[..]-policy[..]-rule[..]`; none = no policy matched. */
  policy: string
  /** Identity of the client; '' without one. */
  peer: string
  line: string
}

/** A timeline event of the scenario, or the user's own act. */
export interface MarkRecord {
  kind: 'mark'
  at: number
  what: string
}

/** One TLS handshake, as the server's proxy saw it. */
export interface HandshakeRecord {
  kind: 'handshake'
  at: number
  /** `name.namespace` of the server's proxy. */
  proxy: string
  /** `ip:port` of the client. */
  client: string
  listener: string
  filterChain: string
  outcome: 'done' | 'failed'
  /** In order: what each side said, chose and found. */
  steps: { step: HandshakeStep; note: string }[]
  /** Round trips that it took. */
  roundTrips: number
  resumed: boolean
  /** What either side logs of a failure; '' = nothing. A client of TLS 1.3 sees its connection end, and no more. */
  clientSees: string
  serverSees: string
}

export type HandshakeStep =
  | 'ClientHello'
  | 'filter chain'
  | 'ServerHello'
  | 'server certificate'
  | 'client certificate'
  | 'verification'
  | 'Finished'

/** What happened to a workload's certificate. */
export interface CertificateRecord {
  kind: 'certificate'
  at: number
  /** `name.namespace`. */
  pod: string
  /** unanswered: the authority gave no answer, again; the old one, if any, is still in use. */
  what: 'issued' | 'renewed' | 'unanswered'
  identity: string
  /** 0 = the workload has none. */
  serial: number
  /** Name of the root. */
  issuer: string
  /** µs of virtual time. */
  notAfter: number
}

export type Observation =
  | StreamRecord
  | ConnectionRecord
  | ServedRecord
  | ClientRecord
  | PushRecord
  | XdsRecord
  | XdsStreamRecord
  | EjectionRecord
  | LogRecord
  | PolicyRecord
  | MarkRecord
  | CertificateRecord
  | HandshakeRecord

/** Where observations go. Watching never changes the run: a recorder returns nothing that the model acts on. */
export interface Recorder {
  /** Asked before anything is built. */
  wants(kind: Observation['kind']): boolean
  /** Trails (decision chains) cost: asked once per stream. */
  wantsTrail(traceId: number): boolean
  record(observation: Observation): void
}
