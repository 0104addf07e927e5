// External authorizers: CUSTOM policies ask them (pilot/pkg/security/authz/builder/extauthz.go).
import { compareText } from '../../registry/names.ts'
import type { ExtensionProvider } from '../../resources/mesh-config.ts'
import { HTTP_STATUS_NAMES } from '../../xds/http-status.ts'
import type { JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { type FindServices, type ProviderCluster, providerCluster } from './provider-cluster.ts'

export const CUSTOM_PREFIX = 'istio-ext-authz'
export const CUSTOM_SHADOW_PREFIX = 'istio_ext_authz_'

/** Config of the filters, without what says when they run; no TCP for providers that speak HTTP. */
export interface Authorizer {
  http: JsonObject
  tcp: JsonObject | null
}

interface BodySettings {
  maxRequestBytes?: number
  allowPartialMessage?: boolean
  packAsBytes?: boolean
}

interface ProviderSpec {
  service?: string
  port?: number
  timeout?: string
  failOpen?: boolean
  statusOnError?: string
  pathPrefix?: string
  includeHeadersInCheck?: string[]
  includeRequestHeadersInCheck?: string[]
  includeAdditionalHeadersInCheck?: Record<string, string>
  includeRequestBodyInCheck?: BodySettings
  headersToUpstreamOnAllow?: string[]
  headersToDownstreamOnAllow?: string[]
  headersToDownstreamOnDeny?: string[]
}

function headerPatterns(headers: readonly string[] | undefined): JsonObject | null {
  if (!headers || headers.length === 0) return null
  const patterns = headers.map(header => {
    if (header.startsWith('*')) return { suffix: header.slice(1), ignore_case: true }
    if (header.endsWith('*')) return { prefix: header.slice(0, -1), ignore_case: true }
    return { exact: header, ignore_case: true }
  })
  return { patterns }
}

function bodySettings(body: BodySettings | undefined): JsonObject {
  if (!body) return {}
  return {
    with_request_body: {
      ...(body.maxRequestBytes ? { max_request_bytes: body.maxRequestBytes } : {}),
      ...(body.allowPartialMessage ? { allow_partial_message: true } : {}),
      ...(body.packAsBytes ? { pack_as_bytes: true } : {}),
    },
  }
}

const clusterFor = (service: string, port: number, find: FindServices): ProviderCluster | null =>
  port >= 1 && port <= 65535 ? providerCluster(service, port, find) : null

/** `status_on_error`, or null when the code is none. */
function statusField(status: string | undefined): JsonObject | null {
  if (!status) return {}
  const code = /^\d+$/.test(status) ? Number(status) : -1
  const name = HTTP_STATUS_NAMES.get(code)
  return name === undefined ? null : { status_on_error: { code: name } }
}

const VALID_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

function httpAuthorizer(spec: ProviderSpec, find: FindServices): Authorizer | null {
  const target = clusterFor(spec.service ?? '', spec.port ?? 0, find)
  const status = statusField(spec.statusOnError)
  if (!target || !status) return null
  if (spec.pathPrefix && !spec.pathPrefix.startsWith('/')) return null
  const lists = [
    spec.includeRequestHeadersInCheck,
    spec.includeHeadersInCheck,
    spec.headersToDownstreamOnDeny,
    spec.headersToDownstreamOnAllow,
    spec.headersToUpstreamOnAllow,
  ]
  if (lists.some(list => list?.includes('*'))) return null
  const added = Object.entries(spec.includeAdditionalHeadersInCheck ?? {}).sort(([a], [b]) => compareText(a, b))
  const response: JsonObject = {}
  const upstream = headerPatterns(spec.headersToUpstreamOnAllow)
  const denied = headerPatterns(spec.headersToDownstreamOnDeny)
  const allowed = headerPatterns(spec.headersToDownstreamOnAllow)
  if (upstream) response['allowed_upstream_headers'] = upstream
  if (denied) response['allowed_client_headers'] = denied
  if (allowed) response['allowed_client_headers_on_success'] = allowed
  const checked = headerPatterns(spec.includeRequestHeadersInCheck) ?? headerPatterns(spec.includeHeadersInCheck)
  return {
    http: {
      http_service: {
        server_uri: {
          uri: `http://${target.host}`,
          cluster: target.cluster,
          timeout: protoDuration(spec.timeout ?? '600s'),
        },
        ...(spec.pathPrefix ? { path_prefix: spec.pathPrefix } : {}),
        ...(added.length > 0
          ? { authorization_request: { headers_to_add: added.map(([key, value]) => ({ key, value })) } }
          : {}),
        ...(Object.keys(response).length > 0 ? { authorization_response: response } : {}),
      },
      ...(spec.failOpen ? { failure_mode_allow: true } : {}),
      ...bodySettings(spec.includeRequestBodyInCheck),
      ...status,
      transport_api_version: 'V3',
      ...(checked ? { allowed_headers: checked } : {}),
    },
    tcp: null,
  }
}

function grpcAuthorizer(spec: ProviderSpec, find: FindServices): Authorizer | null {
  const target = clusterFor(spec.service ?? '', spec.port ?? 0, find)
  const status = statusField(spec.statusOnError)
  if (!target || !status) return null
  const service: JsonObject = {
    grpc_service: {
      envoy_grpc: { cluster_name: target.cluster, authority: target.host },
      timeout: protoDuration(spec.timeout ?? '600s'),
    },
  }
  const open = spec.failOpen ? { failure_mode_allow: true } : {}
  return {
    http: {
      ...service,
      ...open,
      ...bodySettings(spec.includeRequestBodyInCheck),
      ...status,
      transport_api_version: 'V3',
    },
    tcp: { stat_prefix: 'tcp.', ...service, ...open, transport_api_version: 'V3' },
  }
}

/** The authorizer behind a provider's name; null when it is missing or wrong (such policies deny). */
export function authorizer(
  name: string,
  providers: readonly ExtensionProvider[],
  find: FindServices,
): Authorizer | null {
  const named = providers.filter(
    provider => provider.name === name && ('envoyExtAuthzHttp' in provider || 'envoyExtAuthzGrpc' in provider),
  )
  const [provider] = named
  if (!provider || named.length > 1 || !VALID_NAME.test(name)) return null
  const grpc = provider['envoyExtAuthzGrpc'] as ProviderSpec | undefined
  if (grpc) return grpcAuthorizer(grpc, find)
  return httpAuthorizer(provider['envoyExtAuthzHttp'] as ProviderSpec, find)
}
