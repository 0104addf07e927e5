// The parts of an Envoy config dump that the tables show (istioctl/pkg/util/configdump): what came over xDS, then what the
// bootstrap holds.
import type { Cluster, ClusterLoadAssignment, Json, JsonObject, Listener, RouteConfiguration } from '../xds/types.ts'
import { listAt, objectAt } from './read.ts'

export interface DumpParts {
  bootstrap: JsonObject | null
  clusters: Cluster[]
  listeners: Listener[]
  routes: RouteConfiguration[]
  /** Of EDS, then those that stand in the bootstrap's clusters. */
  endpoints: ClusterLoadAssignment[]
  /** Section SecretsConfigDump. */
  secrets: JsonObject | null
}

function sectionOf(dump: JsonObject, type: string): JsonObject | null {
  const url = `type.googleapis.com/envoy.admin.v3.${type}`
  const section = objectAt(listAt(dump, 'configs').find(config => objectAt(config)?.['@type'] === url))
  if (section === null) return null
  const { '@type': _type, ...rest } = section
  return rest
}

/** The resources at `path` below each entry of a list, without their "@type". */
function resources<T>(section: JsonObject | null, list: string, ...path: string[]): T[] {
  return listAt(section ?? undefined, list)
    .map(entry => objectAt(entry, ...path))
    .filter(resource => resource !== null)
    .map(({ '@type': _type, ...resource }) => resource as T)
}

/** Null: the value is no config dump. */
export function readDump(value: Json): DumpParts | null {
  const dump = objectAt(value)
  if (dump === null || !Array.isArray(dump['configs'])) return null
  const clusters = sectionOf(dump, 'ClustersConfigDump')
  const listeners = sectionOf(dump, 'ListenersConfigDump')
  const routes = sectionOf(dump, 'RoutesConfigDump')
  const endpoints = sectionOf(dump, 'EndpointsConfigDump')
  const fixed = resources<Cluster>(clusters, 'static_clusters', 'cluster')
  return {
    bootstrap: sectionOf(dump, 'BootstrapConfigDump'),
    clusters: [...resources<Cluster>(clusters, 'dynamic_active_clusters', 'cluster'), ...fixed],
    listeners: [
      ...resources<Listener>(listeners, 'dynamic_listeners', 'active_state', 'listener'),
      ...resources<Listener>(listeners, 'static_listeners', 'listener'),
    ],
    routes: [
      ...resources<RouteConfiguration>(routes, 'dynamic_route_configs', 'route_config'),
      ...resources<RouteConfiguration>(routes, 'static_route_configs', 'route_config'),
    ],
    endpoints: [
      ...resources<ClusterLoadAssignment>(endpoints, 'dynamic_endpoint_configs', 'endpoint_config'),
      ...fixed
        .map(cluster => objectAt(cluster, 'load_assignment'))
        .filter(assignment => assignment !== null)
        .map(assignment => assignment as ClusterLoadAssignment),
    ],
    secrets: sectionOf(dump, 'SecretsConfigDump'),
  }
}
