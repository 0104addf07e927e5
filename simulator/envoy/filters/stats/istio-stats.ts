// Istio's standard metrics, counted where Istio's own filter counts them: when an HTTP stream is over
// (istio/proxy: source/extensions/filters/http/istio_stats/istio_stats.cc). For connections see tcp-report.ts.
import type { Buckets, Labels, Metrics, Sample } from '../../../observation/metrics.ts'
import type { HttpResponse } from '../../../wire/types.ts'
import type { JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { recordOf } from '../../http/stream-record.ts'
import { duration, header } from '../../json.ts'
import type { MetricsOptions, WorkloadMetadata } from '../../options.ts'
import { attributesFor } from './attributes.ts'
import { endpointMetadata, principalOf, serviceOf, standardLabels } from './labels.ts'
import { type MetricName, Overrides } from './overrides.ts'
import { requestBytes, responseBytes } from './wire-size.ts'

const REPORT = 5_000_000

/** What one kind of request is counted in; null = a Telemetry has dropped the metric. */
interface HttpSeries {
  requests: Sample | null
  duration: Buckets | null
  requestBytes: Buckets | null
  responseBytes: Buckets | null
  requestMessages: Sample | null
  responseMessages: Sample | null
}

/** One istio.stats filter of one chain. */
export class IstioStats {
  readonly overrides: Overrides
  readonly own: WorkloadMetadata
  readonly peerAt: MetricsOptions['peerAt']
  /** How often a connection tells its bytes, µs; 0 = only when it closes. */
  readonly reportEvery: number
  private readonly store: Metrics
  private readonly hostFallback: boolean
  private readonly known = new Map<string, HttpSeries>()

  constructor(config: JsonObject, { store, node, peerAt }: MetricsOptions) {
    this.store = store
    this.own = node
    this.peerAt = peerAt
    this.overrides = new Overrides(config)
    this.hostFallback = config.disable_host_header_fallback !== true
    this.reportEvery = duration(config.tcp_reporting_duration, REPORT)
  }

  counter(metric: MetricName, standard: Labels, values: readonly string[]): Sample | null {
    if (this.overrides.drops(metric)) return null
    return this.store.counter(`istio_${metric}`, this.overrides.labels(metric, standard, values))
  }

  histogram(metric: MetricName, standard: Labels, values: readonly string[]): Buckets | null {
    if (this.overrides.drops(metric)) return null
    return this.store.histogram(`istio_${metric}`, this.overrides.labels(metric, standard, values))
  }

  /** The stream is over; `response` null: nobody waited for one. */
  report(stream: HttpStream, response: HttpResponse | null): void {
    const { received } = stream
    const series = this.series(stream, response)
    if (series.requests !== null) series.requests.value++
    series.duration?.add(Math.floor((stream.now - stream.start) / 1_000))
    series.requestBytes?.add(requestBytes(received))
    series.responseBytes?.add(response === null ? 0 : responseBytes(response, received.protocol))
    if (series.requestMessages !== null) series.requestMessages.value++
    // Messages travel whole: one each way, the answer's unless the call failed.
    if (series.responseMessages !== null && response !== null && grpcStatus(response) === '0')
      series.responseMessages.value++
  }

  private series(stream: HttpStream, response: HttpResponse | null): HttpSeries {
    const { down, router, route, request, core } = stream
    const inbound = down.direction === 'inbound'
    const grpc = (header(request.headers, 'content-type') ?? '').startsWith('application/grpc')
    const status = grpc && response !== null ? grpcStatus(response) : ''
    const upstream = router.upstreamCertificate
    const peerPrincipal = inbound ? down.peer : principalOf(upstream?.sans)
    const peerKey = inbound ? down.sourceIp : `${router.host?.key ?? ''} ${router.answeredAt >= 0}`
    const cluster = stream.clusterName === '' ? null : core.cluster(stream.clusterName)
    const routeName = route?.name ?? ''
    const authority = this.hostFallback ? request.authority : ''
    const values = this.overrides.evaluate(() =>
      attributesFor(recordOf(stream, response, true), this.own, this.peer(stream)),
    )
    const code = response?.status ?? 0
    const parts = [peerKey, peerPrincipal, cluster?.name ?? '', routeName, authority, grpc, status, code]
    const key = [...parts, stream.flags.join(), ...values].join('\n')
    let found = this.known.get(key)
    if (found === undefined) {
      const standard = standardLabels({
        reporter: inbound ? 'destination' : 'source',
        own: this.own,
        peer: this.peer(stream),
        peerPrincipal,
        ownPrincipal: inbound ? (down.peer === '' ? '' : principalOf(down.ownSans)) : this.ownUpstream(stream),
        ...serviceOf(cluster, routeName, authority),
        protocol: grpc ? 'grpc' : 'http',
        http: { code, grpc: status },
        flags: stream.flags,
      })
      found = this.create(standard, values, grpc)
      this.known.set(key, found)
    }
    return found
  }

  private create(standard: Labels, values: readonly string[], grpc: boolean): HttpSeries {
    // Messages are counted on the way, when the response's labels are not known yet.
    const early = standard.filter(([name]) => !AT_END.has(name))
    return {
      requests: this.counter('requests_total', standard, values),
      duration: this.histogram('request_duration_milliseconds', standard, values),
      requestBytes: this.histogram('request_bytes', standard, values),
      responseBytes: this.histogram('response_bytes', standard, values),
      requestMessages: grpc ? this.counter('request_messages_total', early, values) : null,
      responseMessages: grpc ? this.counter('response_messages_total', early, values) : null,
    }
  }

  /** By the headers of the other side's proxy where it spoke, else by what EDS says of the endpoint. */
  private peer({ down, router }: HttpStream): WorkloadMetadata | null {
    if (down.direction === 'inbound') return this.peerAt(down.sourceIp)
    const { host } = router
    if (host === null) return null
    return (router.answeredAt >= 0 ? this.peerAt(host.ip) : null) ?? endpointMetadata(host)
  }

  /** The certificate that this proxy brought to the server, where it brought one. */
  private ownUpstream({ router, core, clusterName }: HttpStream): string {
    const { host } = router
    if (host === null || router.upstreamCertificate === null) return ''
    const cluster = core.cluster(clusterName)
    return principalOf(cluster?.sockets.hello(host, null, '')?.certificate?.sans)
  }
}

const AT_END = new Set([
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
])

/** From the trailers, or from the headers of an answer that has nothing else. */
function grpcStatus({ trailers, headers }: HttpResponse): string {
  return header(trailers ?? [], 'grpc-status') ?? header(headers, 'grpc-status') ?? ''
}
