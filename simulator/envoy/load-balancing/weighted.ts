// Hosts by earliest deadline, with weights that may change between turns.
import type { Host } from '../upstream/host.ts'
import { EdfScheduler } from './edf.ts'
import type { HostBalancer } from './types.ts'

/** `start`: any number; so many turns (modulo the hosts) are taken beforehand, as Envoy's seed does. */
export function weighted(hosts: readonly Host[], start: number, weightOf: (host: Host) => number): HostBalancer {
  return new Weighted(hosts, start, weightOf)
}

class Weighted implements HostBalancer {
  private readonly schedule = new EdfScheduler<Host>()
  private readonly weightOf: (host: Host) => number

  constructor(hosts: readonly Host[], start: number, weightOf: (host: Host) => number) {
    this.weightOf = weightOf
    for (const host of hosts) this.schedule.add(host, weightOf(host))
    if (hosts.length === 0) return
    for (let i = start % hosts.length; i > 0; i--) this.schedule.pick(weightOf)
  }

  pick(): Host | null {
    return this.schedule.pick(this.weightOf)
  }
}
