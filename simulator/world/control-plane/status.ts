// What istiod knows of its proxies, as `istioctl proxy-status` asks for it (pilot/pkg/xds/statusgen.go).
import { XDS_TYPES, type XdsType } from '../../xds/protocol.ts'
import type { XdsStream } from './stream.ts'

export type SyncStatus = 'SYNCED' | 'NOT SENT' | 'STALE' | 'ERROR'

export interface ProxyStatus {
  /** `name.namespace`. */
  name: string
  cluster: string
  types: Record<XdsType, { status: SyncStatus /** Since it was sent, µs. */; age: number; error: string }>
  /** Replica that it is connected to; '' = to none. */
  istiod: string
}

export function statusOf(stream: XdsStream, now: number): ProxyStatus {
  const types = {} as ProxyStatus['types']
  for (const type of XDS_TYPES) {
    const watched = stream.connection?.watched.get(type)
    const error = watched?.error ?? ''
    const status =
      watched === undefined || watched.nonceSent === ''
        ? 'NOT SENT'
        : error !== ''
          ? 'ERROR'
          : watched.nonceSent === watched.nonceAcked
            ? 'SYNCED'
            : 'STALE'
    types[type] = { status, age: watched === undefined ? 0 : now - watched.sentAt, error }
  }
  return {
    name: stream.pod.id,
    cluster: stream.node.clusterId,
    types,
    istiod: stream.server?.name ?? '',
  }
}
