// Tracing fields of a connection manager, without a tracer (pilot/pkg/networking/core/tracing.go).
import { compareText } from '../../registry/names.ts'
import type { JsonObject } from '../../xds/types.ts'
import { type ListenerClass, ownNamespace, type TranslationContext, text } from './translation-context.ts'

const literal = (tag: string, value: string): JsonObject => ({ tag, literal: { value } })

const policyTag = (tag: string, key: string): JsonObject => ({
  tag,
  metadata: {
    kind: { request: {} },
    metadata_key: { key: 'envoy.filters.http.rbac', path: [{ key }] },
  },
})

const DRY_RUN = 'istio.authorization.dry_run'

function istioTags(context: TranslationContext): JsonObject[] {
  const { proxy } = context
  return [
    literal('istio.canonical_revision', proxy.labels['service.istio.io/canonical-revision'] || 'latest'),
    literal('istio.canonical_service', proxy.labels['service.istio.io/canonical-name'] || 'unknown'),
    literal('istio.mesh_id', text(proxy.metadata['MESH_ID']) || 'unknown'),
    literal('istio.namespace', ownNamespace(context) || 'default'),
    literal('istio.cluster_id', proxy.clusterId || 'unknown'),
    policyTag(`${DRY_RUN}.allow_policy.name`, 'istio_dry_run_allow_shadow_effective_policy_id'),
    policyTag(`${DRY_RUN}.allow_policy.result`, 'istio_dry_run_allow_shadow_engine_result'),
    policyTag(`${DRY_RUN}.deny_policy.name`, 'istio_dry_run_deny_shadow_effective_policy_id'),
    policyTag(`${DRY_RUN}.deny_policy.result`, 'istio_dry_run_deny_shadow_engine_result'),
  ]
}

interface TagSpec {
  literal?: { value?: string }
  header?: { name?: string; defaultValue?: string }
  environment?: { name?: string; defaultValue?: string }
}

function customTag(tag: string, spec: TagSpec): JsonObject {
  const named = (from: { name?: string; defaultValue?: string }): JsonObject => ({
    name: from.name ?? '',
    ...(from.defaultValue ? { default_value: from.defaultValue } : {}),
  })
  if (spec.environment) return { tag, environment: named(spec.environment) }
  if (spec.header) return { tag, request_header: named(spec.header) }
  return { tag, literal: { value: spec.literal?.value ?? '' } }
}

/**
 * `tracing` of the manager: sampling and tags that apply when a request carries a trace. A Telemetry without a usable
 * provider turns tracing off, as istiod does.
 */
export function tracingFields(context: TranslationContext, _where: ListenerClass): JsonObject {
  const { mesh, snapshot, proxy, proxyConfig } = context
  const telemetry = snapshot.telemetries(proxy).some(one => (one.spec.tracing ?? []).length > 0)
  if (telemetry || (mesh.defaultProviders.tracing ?? []).length > 0 || !mesh.enableTracing) return {}
  const spec = (proxyConfig.tracing ?? {}) as {
    sampling?: number
    maxPathTagLength?: number
    enableIstioTags?: boolean
    customTags?: Record<string, TagSpec>
  }
  let sampling = Number(snapshot.flag('PILOT_TRACE_SAMPLING', '1'))
  if (spec.sampling) sampling = spec.sampling > 100 ? 1 : spec.sampling
  const tags = [
    ...(spec.enableIstioTags === false ? [] : istioTags(context)),
    ...Object.entries(spec.customTags ?? {}).map(([tag, value]) => customTag(tag, value)),
  ].sort((a, b) => compareText(String(a['tag']), String(b['tag'])))
  return {
    tracing: {
      client_sampling: { value: 100 },
      random_sampling: sampling === 0 ? {} : { value: sampling },
      overall_sampling: { value: 100 },
      ...(tags.length > 0 ? { custom_tags: tags } : {}),
      ...(spec.maxPathTagLength ? { max_path_tag_length: spec.maxPathTagLength } : {}),
    },
  }
}
