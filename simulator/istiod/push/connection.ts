// istiod's end of one proxy's stream: what it asked for, what it was sent and what it answered, and the generation of
// responses (pilot/pkg/xds/delta.go).

import type { SimTime } from '../../engine/types.ts'
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../../registry/types.ts'
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  XDS_TYPES,
  type XdsResource,
  type XdsType,
} from '../../xds/protocol.ts'
import type { Cluster } from '../../xds/types.ts'
import { buildEndpoints } from '../translate/endpoints.ts'
import { planPush } from './plan.ts'
import type { PushRequest } from './queue.ts'
import type { ResponsePlan, Subscriptions } from './types.ts'
import { ProxyView } from './view.ts'

/** One watched type, as `proxy-status` shows it. */
export interface WatchedResource {
  nonceSent: string
  nonceAcked: string
  version: string
  /** Why the last response was rejected; '' = it was not. */
  error: string
  sentAt: SimTime
}

/** Where responses go. */
export interface ResponseSink {
  respond(response: DeltaDiscoveryResponse): void
}

export class Connection {
  readonly node: ProxyNode
  readonly sink: ResponseSink
  readonly watched = new Map<XdsType, WatchedResource>()
  /** Requests that came while a push was under way. */
  readonly inbox: DeltaDiscoveryRequest[] = []
  /** A push, or the answer to a request, is being made. */
  busy = false
  private readonly subscriptions: Subscriptions = { CDS: new Set(), EDS: new Set(), LDS: new Set(), RDS: new Set() }
  private view: ProxyView
  private version: string
  private nonces = 0

  constructor(node: ProxyNode, sink: ResponseSink, snapshot: MeshSnapshot, version: string) {
    this.node = node
    this.sink = sink
    this.view = new ProxyView(snapshot, node)
    this.version = version
  }

  /** What istiod would send it in whole, as of the last push that reached its turn. */
  get configuration() {
    return this.view.configuration
  }

  /** A proxy that has long been connected: everything was sent and acknowledged. */
  adopt(now: SimTime): void {
    const { clusters, endpoints, listeners, routes } = this.view.configuration
    for (const { name } of clusters) this.subscriptions.CDS.add(name)
    for (const { cluster_name } of endpoints) this.subscriptions.EDS.add(cluster_name)
    for (const { name } of listeners) this.subscriptions.LDS.add(name)
    for (const { name } of routes) this.subscriptions.RDS.add(name)
    for (const type of XDS_TYPES) {
      if ((type === 'EDS' || type === 'RDS') && this.subscriptions[type].size === 0) continue
      const nonce = this.nextNonce()
      this.watched.set(type, { nonceSent: nonce, nonceAcked: nonce, version: this.version, error: '', sentAt: now })
    }
  }

  /** Responses of one push, ready to send; none when it does not concern this proxy. */
  push(request: PushRequest, rootNamespace: string): DeltaDiscoveryResponse[] {
    const before = this.view
    this.view = before.snapshot === request.snapshot ? before : new ProxyView(request.snapshot, this.node, before)
    this.version = request.version
    const watched: Subscriptions = this.subscriptions
    return planPush(request.keys, before, this.view, watched, rootNamespace)
      .filter(({ type }) => this.watched.has(type))
      .map(plan => this.generate(plan))
  }

  /** Takes a request; the answer, or null when none is due (shouldRespondDelta). */
  answer(request: DeltaDiscoveryRequest): DeltaDiscoveryResponse[] {
    const { type, nonce, error } = request
    const known = this.watched.get(type)
    if (known !== undefined && nonce !== '') {
      if (error !== '') known.error = error
      else if (nonce === known.nonceSent) {
        known.nonceAcked = nonce
        known.error = ''
      }
      return []
    }
    const names = this.subscriptions[type]
    for (const name of request.unsubscribe) names.delete(name)
    if (type === 'EDS' || type === 'RDS') for (const name of request.subscribe) names.add(name)
    if (known === undefined) {
      this.watched.set(type, { nonceSent: '', nonceAcked: '', version: '', error: '', sentAt: 0 })
      return this.first(type, request)
    }
    if (request.subscribe.length === 0) return []
    return [this.generate({ type, updated: [...request.subscribe], removed: [] })]
  }

  /** Answer to the first request of a type on this stream: all of it, and the removal of what the proxy holds too much. */
  private first(type: XdsType, request: DeltaDiscoveryRequest): DeltaDiscoveryResponse[] {
    const { clusters, listeners } = this.view.configuration
    const updated =
      type === 'CDS' ? clusters.map(c => c.name) : type === 'LDS' ? listeners.map(l => l.name) : [...request.subscribe]
    if (updated.length === 0 && type !== 'CDS' && type !== 'LDS') return []
    if (type === 'CDS' || type === 'LDS') this.subscriptions[type] = new Set(updated)
    const present = new Set(updated)
    const removed = (request.initial ?? []).filter(name => !present.has(name))
    const response = this.generate({ type, updated, removed })
    // Envoy asks for no endpoints that it holds already, yet its clusters may be warming (xds/delta.go, forceEDSPush).
    const eds = type === 'CDS' && this.watched.has('EDS') ? [...this.subscriptions.EDS] : []
    return eds.length === 0 ? [response] : [response, this.generate({ type: 'EDS', updated: eds, removed: [] })]
  }

  private generate(plan: ResponsePlan): DeltaDiscoveryResponse {
    const { type, updated, removed } = plan
    if (type === 'CDS' || type === 'LDS') {
      const sent = this.subscriptions[type]
      for (const name of updated) sent.add(name)
      for (const name of removed) sent.delete(name)
    }
    return { type, version: this.version, nonce: this.nextNonce(), resources: this.resources(type, updated), removed }
  }

  private resources(type: XdsType, names: readonly string[]): XdsResource[] {
    if (type === 'EDS') return this.endpoints(names)
    const { clusters, listeners, routes } = this.view.configuration
    const all: readonly { name: string }[] = type === 'CDS' ? clusters : type === 'LDS' ? listeners : routes
    if (names.length === all.length && type !== 'RDS') return [...all] as XdsResource[]
    const wanted = new Set(names)
    const found = all.filter(resource => wanted.delete(resource.name)) as XdsResource[]
    // Routes that nobody needs any more are still answered, empty.
    return type === 'RDS' ? [...found, ...[...wanted].map(name => ({ name }))] : found
  }

  private endpoints(names: readonly string[]): XdsResource[] {
    const clusters: Cluster[] = names.map(name => ({ name, type: 'EDS' }))
    return buildEndpoints(this.view.snapshot, this.node, clusters)
  }

  /** The response leaves now. */
  sent(response: DeltaDiscoveryResponse, now: SimTime): void {
    const watched = this.watched.get(response.type)
    if (watched === undefined) return
    watched.nonceSent = response.nonce
    watched.version = response.version
    watched.sentAt = now
    this.sink.respond(response)
  }

  private nextNonce(): string {
    this.nonces++
    return `${this.node.id}#${this.nonces}`
  }
}
