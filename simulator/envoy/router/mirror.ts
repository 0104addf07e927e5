// Shadow traffic: a copy of the request to another cluster, whose answer nobody reads
// (source/common/router/shadow_writer_impl.cc).

import type { HttpRequest } from '../../wire/types.ts'
import { put } from '../header-lines.ts'
import { AsyncRequest } from '../http/async-client.ts'
import type { HttpStream } from '../http/stream.ts'
import type { CompiledRoute } from '../route.ts'

export function mirror(stream: HttpStream, route: CompiledRoute, outgoing: HttpRequest, timeoutUs: number): void {
  const { core } = stream
  for (const policy of route.mirrors) {
    if (policy.share < 1_000_000 && core.dice.below(1_000_000) >= policy.share) continue
    const headers = outgoing.headers.map(([name, value]): [string, string] => [name, value])
    const authority = policy.suffix ? shadowed(outgoing.authority) : outgoing.authority
    put(headers, 'x-envoy-internal', 'true')
    stream.note('filter', 'mirror', `a copy goes to ${policy.cluster}`)
    new AsyncRequest(core, { ...outgoing, headers, authority }, () => {}).send(policy.cluster, timeoutUs)
  }
}

/** `host-shadow`, before the port where there is one. */
function shadowed(authority: string): string {
  const port = /:\d+$/.exec(authority)?.[0] ?? ''
  return `${authority.slice(0, authority.length - port.length)}-shadow${port}`
}
