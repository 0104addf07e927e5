// What istiod's work costs in processor time. The shape is Istio's (what is cached, what grows with what); the figures are
// ours, calibrated to the published 1 vCPU for 1,000 services and 2,000 sidecars (docs: performance and scalability).

import type { SimTime } from '../../engine/types.ts'
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { DeltaDiscoveryResponse, XdsType } from '../../xds/protocol.ts'

/** µs for each service and each object when a push context is built. */
const CONTEXT = 10
/** µs for each resource: clusters and endpoints come mostly out of the cache, listeners and routes do not. */
const RESOURCE: Readonly<Record<XdsType, number>> = { CDS: 5, EDS: 5, LDS: 30, RDS: 30 }
/** µs for each push to a proxy, whatever it holds. */
const PUSH = 20

/** Time of one core for building the context of a push. */
export function contextCost(snapshot: MeshSnapshot): SimTime {
  return CONTEXT * (snapshot.services.length + snapshot.input.resources.length)
}

/** Time of one core for generating and sending responses. */
export function pushCost(responses: readonly DeltaDiscoveryResponse[]): SimTime {
  let cost = PUSH
  for (const { type, resources } of responses) cost += RESOURCE[type] * resources.length
  return cost
}

/** Pushes at once, and new streams a second, where PILOT_PUSH_THROTTLE does not say (pilot/pkg/features/tuning.go). */
export function throttleFor(cores: number): number {
  return Math.min(15 + 5 * cores, 100)
}

/** A processor: work waits for the core that is free first. */
export class Processor {
  /** How much longer everything takes than it should; 1 = healthy. */
  slowness = 1
  private readonly freeAt: SimTime[]

  constructor(cores: number) {
    this.freeAt = Array.from({ length: Math.max(1, Math.floor(cores)) }, () => 0)
  }

  /** When work of `cost` µs that comes in `now` is done. */
  finish(now: SimTime, cost: SimTime): SimTime {
    const { freeAt } = this
    let core = 0
    for (let i = 1; i < freeAt.length; i++) if (freeAt[i]! < freeAt[core]!) core = i
    const done = Math.max(now, freeAt[core]!) + Math.ceil(cost * this.slowness)
    freeAt[core] = done
    return done
  }
}
