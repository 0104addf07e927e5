// Fault injection: a delay first, an abort after it; each is a draw of its own (source/extensions/filters/http/fault).
import type { JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, fraction, list, number, object } from '../../json.ts'
import { compileHeaders, compileString, type HeaderTest, type StringTest } from '../../matchers.ts'
import { compileOnce, type FilterStatus, type HttpFilter } from './filter.ts'

interface Fault {
  headers: HeaderTest[]
  upstream: string
  /** µs, and its share per million. */
  delay: number
  delayShare: number
  abort: { status: number; grpc: number | null } | null
  abortShare: number
  nodes: StringTest[]
}

const compileFault = compileOnce((config: JsonObject): Fault => {
  const delay = object(config.delay)
  const abort = object(config.abort)
  return {
    headers: compileHeaders(config.headers),
    upstream: typeof config.upstream_cluster === 'string' ? config.upstream_cluster : '',
    delay: config.delay === undefined ? 0 : duration(delay.fixed_delay),
    delayShare: config.delay === undefined ? 0 : fraction(delay.percentage),
    abort:
      config.abort === undefined
        ? null
        : {
            status: number(abort.http_status),
            grpc: abort.grpc_status === undefined ? null : number(abort.grpc_status),
          },
    abortShare: config.abort === undefined ? 0 : fraction(abort.percentage),
    nodes: list(config.downstream_nodes).map(node => compileString({ exact: node })),
  }
})

export class FaultFilter implements HttpFilter {
  readonly name: string
  private readonly own: JsonObject

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.own = config
  }

  onRequest(stream: HttpStream): FilterStatus {
    const config = stream.perFilter(this.name) ?? this.own
    if (config.delay === undefined && config.abort === undefined) return 'continue'
    const fault = compileFault(config)
    const { request } = stream
    if (!fault.headers.every(test => test(request.headers, request.authority, request.path, request.method)))
      return 'continue'
    if (fault.upstream !== '' && fault.upstream !== stream.clusterName) return 'continue'
    if (fault.delayShare > 0 && stream.core.dice.below(1_000_000) < fault.delayShare) {
      stream.injectedDelay = true
      stream.flag('DI')
      stream.note('filter', this.name, `delays by ${fault.delay / 1000} ms`)
      stream.wait(fault.delay, () => {
        if (this.abort(stream, fault) === 'continue') stream.resume()
      })
      return 'stop'
    }
    return this.abort(stream, fault)
  }

  private abort(stream: HttpStream, fault: Fault): FilterStatus {
    if (fault.abort === null || stream.core.dice.below(1_000_000) >= fault.abortShare) return 'continue'
    const { status, grpc } = fault.abort
    stream.injectedAbort = true
    stream.note('filter', this.name, 'aborts')
    stream.localReply({
      status: grpc === null ? status : 200,
      body: 'fault filter abort',
      flag: 'FI',
      details: 'fault_filter_abort',
      ...(grpc === null ? {} : { grpcStatus: grpc }),
    })
    return 'stop'
  }
}
