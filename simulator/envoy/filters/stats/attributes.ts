// What expressions of a Telemetry's tags may ask for beside a record's own attributes: this proxy's node and the peer
// (istio/proxy: istio_stats.cc StreamOverrides.FindValue).
import { type Attributes, attributesOf, type LoggedRecord } from '../../../observation/index.ts'
import type { WorkloadMetadata } from '../../options.ts'

function peerOf({ workload, namespace, canonicalName, canonicalRevision, app, version, cluster }: WorkloadMetadata) {
  return { workload, namespace, service: canonicalName, revision: canonicalRevision, app, version, cluster }
}

export function attributesFor(record: LoggedRecord, own: WorkloadMetadata, peer: WorkloadMetadata | null): Attributes {
  const { workload, namespace, cluster, app, version } = own
  const side = record.direction === 'inbound' ? 'downstream_peer' : 'upstream_peer'
  const known = peer === null ? {} : { [side]: peerOf(peer) }
  return {
    ...attributesOf(record),
    node: {
      metadata: { NAMESPACE: namespace, WORKLOAD_NAME: workload, CLUSTER_ID: cluster, LABELS: { app, version } },
    },
    filter_state: known,
    ...known,
  }
}
