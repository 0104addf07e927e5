// What a workload does with a request, as plain JSON: written in scenario files, sent over the wire, kept in tests.
// Durations are text ("5ms"); every field may be left out; `{}` answers 200 with the workload's name at once.
import type { DistributionSpec } from '../../engine/index.ts'

/** What becomes of the caller's answer when a downstream call gave no acceptable answer. */
export type CallFailure =
  /** Answer with this status (and body) at once; later calls of a sequence are not made. */
  | { status: number; body?: string }
  /** Go on as if nothing had been; optionally add a line to the answer's body. */
  | { ignore: true; body?: string }
  /** Answer with the status that the callee gave; 500 when it gave none. */
  | { passStatus: true }

export interface CallSpec {
  /** Where to: `http://reviews:9080/reviews/0`. Port 80 when absent. The host is looked up from the caller's namespace. */
  url: string
  /** GET when absent. */
  method?: string
  /** The caller's own patience per attempt. Absent: waits for ever. */
  timeout?: string
  /** Attempts in total, 1 when absent. A further one is made at once after a failed one. */
  attempts?: number
  /** What counts as failed and is tried again: 'non-200' (default), '5xx', or 'no-answer' (reset, timeout, refused). */
  retryOn?: 'non-200' | '5xx' | 'no-answer'
  /** Fixed headers of the call, beside the forwarded ones. */
  headers?: Record<string, string>
  /** Names of headers copied from the request being served, beside the usual tracing ones and end-user. */
  forward?: string[]
  body?: string
  /** What to do when all attempts failed. Default: `{ passStatus: true }`. */
  onFailure?: CallFailure
  /** Share (0..1) of requests that make this call at all; 1 when absent. */
  probability?: number
  /** How many copies are sent at once; their answers beyond the first are ignored. 1 when absent. */
  copies?: number
  /** Name under which the call's status appears in the answer's body ("reviews 200"); the URL's host when absent. */
  name?: string
}

/** One step of a script; a list is done all at once. */
export type ScriptStep = ScriptAction | ScriptAction[]

export type ScriptAction =
  | { sleep: DistributionSpec }
  /** A service's name (port 8080, as isotope has it), isotope's own form, or a call in full. */
  | { call: string | IsotopeCall | CallSpec }

export interface IsotopeCall {
  service: string
  /** Bytes of the request's body. */
  size?: number
  /** Percent of requests that make this call; 100 when absent. */
  probability?: number
}

/** One set of answers and calls. */
export interface HandlingSpec {
  /** Own work per request. Absent: none. */
  serviceTime?: DistributionSpec
  /** Status of a successful answer, 200 when absent. */
  status?: number
  /** Body; absent: the workload's name, and after calls also their statuses, one `name status` a line. */
  body?: string
  /** Response headers. */
  headers?: Record<string, string>
  /** grpc-status trailer: the answer is a gRPC one. */
  grpcStatus?: number
  /** A share (0..1) of requests answered with `status` (default 503) after the own work, without calls. */
  errors?: { rate: number; status?: number; body?: string }
  /** The first `count` requests, counted from when the behaviour was set, are answered with `status` (default 503). */
  failFirst?: { count: number; status?: number }
  /** Every n-th request is answered with `status` (default 503). */
  failEvery?: { n: number; status?: number }
  /** Connection reset instead of an answer: for all requests (`true`), a share of them, or the first n. */
  reset?: true | { rate: number } | { first: number }
  /** Turns between healthy and failing (`status`, default 503) every `period`, healthy first. */
  toggle?: { period: string; status?: number }
  /** Downstream calls, made when the own work is done. */
  calls?: CallSpec[]
  /** One after the other (default) or all at once. */
  callOrder?: 'sequence' | 'parallel'
  /** Instead of `calls`: steps one after the other, as isotope's topologies write them. */
  script?: ScriptStep[]
  /** `/status/418` answers 418 when this is '/status/'. */
  statusFromPath?: string
  /** `/delay/2` waits 2 s more when this is '/delay/'. */
  delayFromPath?: string
  /** The body lists the request's headers, one `name: value` a line. */
  echoHeaders?: boolean
}

export interface RouteSpec extends HandlingSpec {
  /** Exact path (query left aside), or prefix. Absent: any. */
  path?: string
  prefix?: string
  method?: string
  /** A request header with exactly this value. */
  header?: { name: string; value: string }
}

/** The behaviour of one workload: the same for each of its pods, each pod with its own workers and counters. */
export interface BehaviourSpec extends HandlingSpec {
  /** From the start of its container until it listens. 500ms when absent. */
  startUp?: string
  /** Requests served at once; more wait in order of arrival. Absent: no limit. */
  workers?: number
  /** Requests that may wait; one more is answered `queueFullStatus`. Absent: no limit. */
  queueLimit?: number
  /** 503 when absent. */
  queueFullStatus?: number
  /** A worker is held for the whole request with its calls ('request', default) or for the own work alone ('work'). */
  holdWorker?: 'request' | 'work'
  /** Other answers for some paths; the first that matches wins, fields of the behaviour itself are the fallback. */
  routes?: RouteSpec[]
  /**
   * A login session: the user named by this cookie or header of the incoming request becomes the header `end-user` of
   * all downstream calls; an incoming end-user header is then not passed on by itself.
   */
  session?: { cookie: string } | { header: string }
  /** Work whose caller has gone goes on to its end (true, default), or is dropped from the queue and makes no further calls. */
  finishAbandoned?: boolean
  /** Downstream connections: one per call ('fresh', default) or kept and used again. */
  connections?: 'fresh' | 'keep-alive'
  /** Obeys the request headers x-app-status, x-app-delay-ms, x-app-reset, x-app-grpc-status, x-app-only, x-app-response-headers. */
  steerable?: boolean
  /** Connections on which nothing is asked for so long are closed by the server (its keep-alive timeout). Absent: never. */
  idleTimeout?: string
  /** The application terminates TLS itself, with this certificate; plain text is then cut off. */
  certificate?: ServerCertificate
  /**
   * Also answers envoy.service.auth.v3 over gRPC: routes are asked about the request in question (a connection has no path),
   * header `:source-principal` names its client; 200 allows, any other answer is what the client gets.
   */
  authorizer?: boolean
  /** Also answers envoy.service.ratelimit.v3 over gRPC, by the limits in this ConfigMap of its namespace. Replicas count together. */
  rateLimiter?: { configMap: string }
  /** Not HTTP: each line received is answered with `prefix` (default: the workload's name), a blank and the line. */
  tcp?: { prefix?: string; greeting?: string }
}

export interface ServerCertificate {
  /** DNS names that it carries. */
  names: string[]
  /** Authority that signed it; a public one when absent. */
  issuer?: string
}
