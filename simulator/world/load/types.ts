// Who sends requests and how many, as plain JSON. Durations are text; rates are requests per second of virtual time.
import type { DistributionSpec } from '../../engine/index.ts'

/** One kind of request in the mix. */
export interface RequestSpec {
  /** Share within the mix, 1 when absent. */
  weight?: number
  /** GET when absent. */
  method?: string
  /** Where to: `http://productpage:9080/productpage`, or `http://bookinfo.example.com/` with the load's `via`. */
  url: string
  /** Host header, when it is not the URL's host. */
  host?: string
  headers?: Record<string, string>
  /** Sent as one `cookie` header: `{ session: 'jason' }`. */
  cookies?: Record<string, string>
  body?: string
  /** Name in reports; the URL when absent. */
  name?: string
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
  /** HTTP/1.1 when absent. */
  protocol?: 'HTTP/1.1' | 'HTTP/2'
}
