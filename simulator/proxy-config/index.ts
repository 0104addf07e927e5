export { type ClusterFilter, clustersTable, endpointsTable } from './clusters.ts'
export { type ListenerFilter, listenersTable } from './listeners.ts'
export { routesTable } from './routes.ts'
export { inStep, statusTable } from './status.ts'
