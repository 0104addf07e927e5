export {
  type ClusterFilter,
  clustersTable,
  type EndpointFilter,
  endpointsTable,
  filterClusters,
  filterEndpoints,
} from './clusters.ts'
export { type DumpParts, readDump } from './dump.ts'
export { filterListeners, type ListenerFilter, listenersTable } from './listeners.ts'
export { filterRoutes, type RouteFilter, routesTable } from './routes.ts'
export { type CertificateReader, type CertificateSummary, secretsTable } from './secrets.ts'
export { inStep, statusTable } from './status.ts'
export { formatTable } from './table.ts'
