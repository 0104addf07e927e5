// Who sends requests and how many, as plain JSON. Durations are text; rates are requests per second of virtual time.
import type { DistributionSpec } from '../../engine/index.ts'
import type { ClientTls } from '../apps/index.ts'

/** One kind of request in the mix. */
export interface RequestSpec {
  /** Share within the mix, 1 when absent. */
  weight?: number
  /** GET when absent. */
  method?: string
  /**
   * Where to: `http://productpage:9080/productpage`, or `http://bookinfo.example.com/` with the load's `via`. Bare TCP is
   * `tcp://echo:9000`, within TLS `tls://echo:9000`: each request is then a connection of its own, and an answered one
   * counts as status 200.
   */
  url: string
  /** TCP: the line that is written. Absent: the client waits for what the server says first. */
  send?: string
  /** TCP: how often the line is written to one connection, each after the answer to the one before. 1 when absent. */
  lines?: number
  /** TCP: between an answer and the next line. None when absent. */
  every?: string
  /** Host header, when it is not the URL's host. */
  host?: string
  headers?: Record<string, string>
  /** Sent as one `cookie` header: `{ session: 'jason' }`. */
  cookies?: Record<string, string>
  /** Sent as `authorization: Bearer ...`, signed when the load starts. */
  jwt?: JwtSpec
  body?: string
  /** Name in reports; the URL when absent. */
  name?: string
}

/** A token of the client's own making: the issuer's private key is at hand, as in a test. */
export interface JwtSpec {
  /** Private JWK: EC P-256 (`kty: EC`, `d`) signs ES256; RSA (`n`, `d`) signs RS256. Its `kid` goes into the header. */
  key: Record<string, string>
  claims: Record<string, unknown>
  /** `exp`, counted from the start of the run. Absent: none. */
  expiresIn?: string
}

/** One request of a recording. */
export interface RecordedSpec {
  /** After the load's start. */
  at: string
  /** Which of `requests`, from 0. */
  request: number
}

/** A stretch of time with a rate; `to` makes it a ramp in straight line from `rate` to `to`. */
export interface StageSpec {
  for: string
  rate: number
  to?: number
}

export type PatternSpec =
  /** Open loop, exponential gaps. */
  | { poisson: number }
  /** Open loop, equal gaps; the first request one gap after the start. */
  | { constant: number }
  /** Open loop, Poisson with a rate that changes; after the last stage nothing more is sent. */
  | { stages: StageSpec[] }
  /** The same with k6's stages: the rate goes in straight line from the target before (`startRate`, 0) to each target. */
  | { startRate?: number; rampTo: { target: number; duration: string }[] }
  /** Poisson at `from`, then `by` more (or fewer) after each `every`, until `to`. */
  | { steps: { from: number; to: number; by: number; every: string } }
  /** As it was recorded, `speed` times as fast (1 when absent). */
  | { recorded: RecordedSpec[]; speed?: number }
  /** Closed loop as fortio has it: each connection sends one request after the other; `qps` over all paces them. */
  | { connections: number; qps?: number }
  /** Closed loop: each user sends, waits for the answer, thinks, sends again. Users start spread over `rampUp`. */
  | { users: number; think?: DistributionSpec; rampUp?: string }

export interface LoadSpec {
  /** Name of the source in reports and streams of dice; the same name twice is an error of the scenario. */
  name: string
  /** `internet` (outside the mesh) or a pod or workload `name.namespace` whose network is used. */
  source: string
  /** Connect to this host (a gateway's Service, `istio-ingressgateway.istio-system`) whatever host the URL names. */
  via?: string
  requests: RequestSpec[]
  pattern: PatternSpec
  /** When to begin; 0 when absent. */
  start?: string
  /** When to send no more, counted from the start of the run. Absent: never. */
  stop?: string
  /** No more than this many requests in total. */
  count?: number
  /** The client's patience per request. Absent: 20s. 'none' waits for ever. */
  timeout?: string
  /** 'keep-alive' (default): connections are used again, one per user or as many as needed. 'fresh': one per request. */
  connections?: 'keep-alive' | 'fresh'
  /** Closed loops: 'weights' (default) draws each request, 'listed' goes through them in order, each user by itself. */
  order?: 'weights' | 'listed'
  /** Closed loops: each user sends back the cookies that it was given, as a browser does. */
  keepCookies?: boolean
  /** HTTP/1.1 when absent. */
  protocol?: 'HTTP/1.1' | 'HTTP/2'
  /** A load balancer before the mesh writes this address of the client into a PROXY header; absent: there is no header. */
  proxyProtocol?: string
  /** How `https://` and `tls://` are spoken: server name, trust, the client's own certificate. */
  tls?: ClientTls
}
