// One request of the proxy's own through a cluster: what ext_authz asks, what a mirror sends
// (source/common/http/async_client_impl.cc). No retries; the answer or the failure comes once.
import type { EventHandler, EventId } from '../../engine/types.ts'
import type { HttpRequest, HttpResponse, RequestHandle, StreamResetReason } from '../../wire/types.ts'
import type { ProxyCore } from '../proxy.ts'
import type { PoolUser } from '../upstream/pool-user.ts'

/** `null`: no answer; `failure` of the request says what the router made of it. */
export type AsyncAnswer = (response: HttpResponse | null) => void

const NO_HOST = { status: 503, body: 'no healthy upstream' }

export class AsyncRequest implements PoolUser, EventHandler {
  readonly outgoing: HttpRequest
  private readonly core: ProxyCore
  private readonly answer: AsyncAnswer
  private handle: RequestHandle | null = null
  private timer: EventId = 0
  private over = false
  private why = NO_HOST

  constructor(core: ProxyCore, request: HttpRequest, answer: AsyncAnswer) {
    this.core = core
    this.outgoing = request
    this.answer = answer
  }

  /** `timeoutUs` 0 = none. */
  send(clusterName: string, timeoutUs: number): void {
    const host = this.core.cluster(clusterName)?.pick([], 1, { ip: '', port: 0 }) ?? null
    if (host === null) {
      this.finish(null)
      return
    }
    if (timeoutUs > 0) this.timer = this.core.options.scheduler.after(timeoutUs, this, 0, null)
    host.pool.request(this)
  }

  cancel(): void {
    if (this.over) return
    this.over = true
    this.stopTimer()
    this.handle?.cancel()
  }

  onPoolReady(handle: RequestHandle): void {
    this.handle = handle
  }

  onPoolFailure(reason: StreamResetReason): void {
    this.fail(reason)
  }

  onResponse(response: HttpResponse): void {
    this.finish(response)
  }

  onReset(reason: StreamResetReason): void {
    this.fail(reason)
  }

  onEvent(): void {
    this.timer = 0
    this.handle?.cancel()
    this.why = { status: 504, body: 'upstream request timeout' }
    this.finish(null)
  }

  /** The router's own answer where there was none. */
  get failure(): HttpResponse {
    return { ...this.why, headers: [], trailers: null, protocol: this.outgoing.protocol }
  }

  private fail(reason: StreamResetReason): void {
    const body = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`
    this.why = { status: 503, body }
    this.finish(null)
  }

  private finish(response: HttpResponse | null): void {
    if (this.over) return
    this.over = true
    this.stopTimer()
    this.answer(response)
  }

  private stopTimer(): void {
    if (this.timer !== 0) this.core.options.scheduler.cancel(this.timer)
    this.timer = 0
  }
}
