// The network filters of one connection before the last one of its chain: bytes wait until each has let them pass.
//   asking --all passed--> open (everything goes straight on);   asking --refused--> closed
import type { HttpRequest, Responder, ServerConnectionHandler } from '../../../wire/types.ts'
import type { JsonObject } from '../../../xds/types.ts'
import type { Downstream, ProxyCore } from '../../proxy.ts'
import type { NetworkFilter, NetworkSession } from './filter.ts'

/** What stands behind the filters, and can be told that its connection is refused. */
export interface Terminal extends ServerConnectionHandler {
  refuse(flag: string, details: string): void
}

type Item = string | { request: HttpRequest; responder: Responder }

export class NetworkGate implements ServerConnectionHandler, NetworkSession {
  readonly core: ProxyCore
  readonly down: Downstream
  readonly metadata = new Map<string, JsonObject>()
  private readonly filters: readonly NetworkFilter[]
  private readonly terminal: Terminal
  private held: Item[] = []
  private state: 'new' | 'asking' | 'open' | 'closed' = 'new'
  private next = 0
  private atEnd: (() => void)[] = []

  constructor(core: ProxyCore, down: Downstream, filters: readonly NetworkFilter[], terminal: Terminal) {
    this.core = core
    this.down = down
    this.filters = filters
    this.terminal = terminal
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    if (this.state === 'open') this.terminal.onRequest(request, responder)
    else this.hold({ request, responder })
  }

  onData(data: string): void {
    if (this.state === 'open') this.terminal.onData(data)
    else this.hold(data)
  }

  onClosed(): void {
    this.close()
    this.terminal.onClosed()
  }

  addMetadata(filter: string, values: JsonObject): void {
    this.metadata.set(filter, { ...this.metadata.get(filter), ...values })
  }

  resume(): void {
    while (this.state === 'asking' && this.next < this.filters.length)
      if (this.filters[this.next++]!.onFirstData(this) === 'stop') return
    if (this.state !== 'asking') return
    this.state = 'open'
    for (const item of this.held.splice(0)) {
      if (typeof item === 'string') this.terminal.onData(item)
      else this.terminal.onRequest(item.request, item.responder)
    }
  }

  refuse(flag: string, details: string): void {
    if (this.state === 'closed') return
    this.close()
    this.terminal.refuse(flag, details)
  }

  onDestroy(act: () => void): void {
    this.atEnd.push(act)
  }

  private hold(item: Item): void {
    if (this.state === 'closed') return
    this.held.push(item)
    if (this.state !== 'new') return
    this.state = 'asking'
    this.resume()
  }

  private close(): void {
    this.state = 'closed'
    this.held = []
    for (const act of this.atEnd.splice(0)) act()
  }
}
