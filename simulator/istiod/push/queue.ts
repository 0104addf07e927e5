// istiod's push queue (pilot/pkg/xds/pushqueue.go): first in, first out; one pending request a connection, merged in
// place; a connection that is being pushed to waits until that push has ended.
import type { SimTime } from '../../engine/types.ts'
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ConfigKey } from './types.ts'

/** One wish to bring a connection up to date. */
export interface PushRequest {
  keys: readonly ConfigKey[]
  /** The context of the push; the later one wins. */
  snapshot: MeshSnapshot
  version: string
  /** When the first of the changes happened: convergence counts from here. */
  start: SimTime
}

export class PushQueue<C> {
  private readonly pending = new Map<C, PushRequest>()
  private readonly processing = new Map<C, PushRequest | null>()

  /** Connections that wait. */
  get length(): number {
    return this.pending.size
  }

  enqueue(connection: C, request: PushRequest): void {
    const running = this.processing.get(connection)
    if (running !== undefined) this.processing.set(connection, running === null ? request : merge(running, request))
    else {
      const known = this.pending.get(connection)
      this.pending.set(connection, known === undefined ? request : merge(known, request))
    }
  }

  /** The connection whose turn it is, now being pushed to; null when none waits. */
  dequeue(): { connection: C; request: PushRequest } | null {
    for (const [connection, request] of this.pending) {
      this.pending.delete(connection)
      this.processing.set(connection, null)
      return { connection, request }
    }
    return null
  }

  /** It is busy with an answer of its own: pushes wait. */
  hold(connection: C): void {
    this.processing.set(connection, this.pending.get(connection) ?? null)
    this.pending.delete(connection)
  }

  /** The push to it has ended; what came meanwhile goes to the end of the queue. */
  done(connection: C): void {
    const next = this.processing.get(connection)
    this.processing.delete(connection)
    if (next !== undefined && next !== null) this.pending.set(connection, next)
  }

  /** The connection is gone. */
  forget(connection: C): void {
    this.pending.delete(connection)
    this.processing.delete(connection)
  }

  clear(): void {
    this.pending.clear()
    this.processing.clear()
  }
}

/** Two requests as one (PushRequest.Merge in pilot/pkg/model/push_context.go). */
function merge(first: PushRequest, second: PushRequest): PushRequest {
  return { ...second, keys: [...first.keys, ...second.keys], start: Math.min(first.start, second.start) }
}
