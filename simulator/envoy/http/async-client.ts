// One request of the proxy's own through a cluster: what ext_authz asks, what a mirror sends
// (source/common/http/async_client_impl.cc). No retries; the answer or the failure comes once.
import type { EventHandler, EventId } from '../../engine/types.ts'
import type { HttpRequest, HttpResponse, RequestHandle } from '../../wire/types.ts'
import type { ProxyCore } from '../proxy.ts'
import type { PoolUser } from '../upstream/pool-user.ts'

/** `null`: no answer. */
export type AsyncAnswer = (response: HttpResponse | null) => void

export class AsyncRequest implements PoolUser, EventHandler {
  readonly outgoing: HttpRequest
  private readonly core: ProxyCore
  private readonly answer: AsyncAnswer
  private handle: RequestHandle | null = null
  private timer: EventId = 0
  private over = false

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

  onPoolFailure(): void {
    this.finish(null)
  }

  onResponse(response: HttpResponse): void {
    this.finish(response)
  }

  onReset(): void {
    this.finish(null)
  }

  onEvent(): void {
    this.timer = 0
    this.handle?.cancel()
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
