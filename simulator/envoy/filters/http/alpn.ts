// istio.alpn: which protocols the upstream TLS handshake offers depends on the protocol that the request will be sent with
// (istio proxy: source/extensions/filters/http/alpn). The inbound side then knows HTTP by the ALPN alone.
import type { JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { list, object, text } from '../../json.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

const PROTOCOL: { [name: string]: string } = { HTTP10: 'HTTP/1.0', HTTP11: 'HTTP/1.1', HTTP2: 'HTTP/2' }

export class AlpnFilter implements HttpFilter {
  readonly name: string
  private readonly offers = new Map<string, string[]>()

  constructor(name: string, config: JsonObject) {
    this.name = name
    for (const entry of list(config.alpn_override)) {
      const protocol = PROTOCOL[text(object(entry).upstream_protocol, 'HTTP10')] ?? 'HTTP/1.0'
      this.offers.set(
        protocol,
        list(object(entry).alpn_override).map(p => text(p)),
      )
    }
  }

  onRequest(stream: HttpStream): FilterStatus {
    stream.alpnOffers = this.offers
    return 'continue'
  }
}
