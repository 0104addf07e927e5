// The treaty between istiod and Envoy: Envoy v3 resources as plain JSON with proto field names (snake_case), exactly as
// /config_dump prints them. Interfaces name the fields that the house reads; `typed_config` carries "@type".

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }
export type JsonObject = { [key: string]: Json | undefined }

/** "@type" plus fields. */
export interface TypedConfig extends JsonObject {
  '@type': string
}

export interface NamedFilter extends JsonObject {
  name: string
  typed_config?: TypedConfig
}

export interface FilterChainMatch extends JsonObject {
  destination_port?: number
  prefix_ranges?: { address_prefix: string; prefix_len?: number }[]
  server_names?: string[]
  transport_protocol?: string
  application_protocols?: string[]
}

export interface FilterChain extends JsonObject {
  name?: string
  filter_chain_match?: FilterChainMatch
  filters: NamedFilter[]
  transport_socket?: NamedFilter
  transport_socket_connect_timeout?: string
}

export interface Listener extends JsonObject {
  name: string
  address: { socket_address: { address: string; port_value: number } }
  filter_chains?: FilterChain[]
  default_filter_chain?: FilterChain
  listener_filters?: NamedFilter[]
  listener_filters_timeout?: string
  continue_on_listener_filters_timeout?: boolean
  use_original_dst?: boolean
  bind_to_port?: boolean
  traffic_direction?: 'INBOUND' | 'OUTBOUND'
}

export interface VirtualHost extends JsonObject {
  name: string
  domains: string[]
  routes?: Route[]
  require_tls?: string
  include_request_attempt_count?: boolean
}

export interface Route extends JsonObject {
  name?: string
  match: JsonObject
  route?: JsonObject
  redirect?: JsonObject
  direct_response?: JsonObject
  metadata?: JsonObject
  typed_per_filter_config?: { [filter: string]: TypedConfig }
}

export interface RouteConfiguration extends JsonObject {
  name: string
  virtual_hosts?: VirtualHost[]
  ignore_port_in_host_matching?: boolean
}

export interface Cluster extends JsonObject {
  name: string
  type?: string
}

export interface ClusterLoadAssignment extends JsonObject {
  cluster_name: string
  endpoints?: JsonObject[]
}

/** All that one proxy is given. Each list is sorted by name. */
export interface ProxyConfiguration {
  listeners: Listener[]
  routes: RouteConfiguration[]
  clusters: Cluster[]
  endpoints: ClusterLoadAssignment[]
}
