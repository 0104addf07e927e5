// Door of upstream/ for the router: a cluster and its hosts.
export { UpstreamCluster } from './upstream/cluster.ts'
export type { Host } from './upstream/host.ts'
