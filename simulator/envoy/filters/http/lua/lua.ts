// Scripts on the way of requests and answers (source/extensions/filters/http/lua): a machine for every script of a
// configuration; its globals live as long as the configuration does. A script that fails changes no more, and the
// stream goes on.
import type { HttpResponse } from '../../../../wire/types.ts'
import type { Json, JsonObject } from '../../../../xds/types.ts'
import type { HttpStream } from '../../../http/stream.ts'
import { object, text } from '../../../json.ts'
import type { ProxyCore } from '../../../proxy.ts'
import type { Counter, CounterOf } from '../../../stats.ts'
import { compileOnce, type FilterStatus, type HttpFilter } from '../filter.ts'
import { StreamHandle } from './handle.ts'
import { LuaMachine } from './machine.ts'

const source = (config: Json | undefined): string => text(object(config).inline_string)

export class LuaFilter implements HttpFilter {
  readonly name: string
  private readonly errors: Counter
  private readonly own: LuaMachine | null
  private readonly named = new Map<string, LuaMachine>()
  private readonly ofRoute: (config: JsonObject) => LuaMachine | null

  /** Throws in Envoy's words when a script does not load. */
  constructor(name: string, config: JsonObject, counter: CounterOf, core: ProxyCore) {
    this.name = name
    this.errors = counter('lua.errors')
    const clock = { now: () => core.wallSeconds(), draw: () => core.dice.below(0x40000000) / 0x40000000 }
    const code = text(config.inline_code) || source(config.default_source_code)
    this.own = code === '' ? null : new LuaMachine(code, clock)
    for (const [key, value] of Object.entries(object(config.source_codes)))
      this.named.set(key, new LuaMachine(source(value), clock))
    this.ofRoute = compileOnce(config =>
      config.source_code === undefined ? null : new LuaMachine(source(config.source_code), clock),
    )
  }

  onRequest(stream: HttpStream): FilterStatus {
    return this.run(stream, null)
  }

  onResponse(stream: HttpStream, response: HttpResponse): FilterStatus {
    return this.run(stream, response)
  }

  private run(stream: HttpStream, response: HttpResponse | null): FilterStatus {
    const route = stream.perFilter(this.name)
    const machine = this.machine(route)
    if (machine === null || !machine.has(response === null ? 'envoy_on_request' : 'envoy_on_response'))
      return 'continue'
    return new StreamHandle(machine, stream, response, this.name, route?.filter_context, words => {
      this.errors.value++
      stream.note('filter', this.name, `script log: ${words}`)
    }).start()
  }

  private machine(route: JsonObject | null): LuaMachine | null {
    if (route === null) return this.own
    if (route.disabled === true) return null
    if (route.name !== undefined) return this.named.get(text(route.name)) ?? null
    return this.ofRoute(route) ?? this.own
  }
}
