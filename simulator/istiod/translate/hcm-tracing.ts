// Tracing of a connection manager (pilot/pkg/networking/core/tracing.go).
import { compareText } from '../../registry/names.ts'
import type { Tracing } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'
import { tracerOf } from './hcm-tracers.ts'
import { extensionProvider } from './provider-cluster.ts'
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
  formatter?: { value?: string }
}

function customTag(tag: string, spec: TagSpec): JsonObject {
  const named = (from: { name?: string; defaultValue?: string }): JsonObject => ({
    name: from.name ?? '',
    ...(from.defaultValue ? { default_value: from.defaultValue } : {}),
  })
  if (spec.environment) return { tag, environment: named(spec.environment) }
  if (spec.header) return { tag, request_header: named(spec.header) }
  if (spec.formatter) return { tag, value: spec.formatter.value ?? '' }
  return { tag, literal: { value: spec.literal?.value ?? '' } }
}

interface ProxyTracing {
  sampling?: number
  maxPathTagLength?: number
  enableIstioTags?: boolean
  customTags?: Record<string, TagSpec>
}

/** What all Telemetry resources of a proxy say of one side. */
interface TracingSpec {
  provider: string
  disabled: boolean
  sampling: number | null
  tags: Record<string, TagSpec>
  byRequestId: boolean
  istioTags: boolean
  propagates: boolean
}

/** Fields of a connection manager: `tracing`, and whether the request's id carries the decision. */
export interface TracingFields {
  tracing: JsonObject
  byRequestId: boolean
}

const NO_TRACING: TracingFields = { tracing: {}, byRequestId: true }

/** null: neither a Telemetry nor a default provider speaks of tracing (pilot/pkg/model/telemetry.go Tracing). */
function tracingSpec(context: TranslationContext, where: ListenerClass): TracingSpec | null {
  const { mesh, snapshot, proxy } = context
  const [provider] = mesh.defaultProviders.tracing ?? []
  const levels = snapshot.telemetries(proxy).flatMap(one => one.spec.tracing ?? [])
  if (levels.length === 0 && provider === undefined) return null
  const spec: TracingSpec = {
    provider: provider ?? '',
    disabled: false,
    sampling: null,
    tags: {},
    byRequestId: true,
    istioTags: true,
    propagates: true,
  }
  const side = where === 'inbound' ? 'SERVER' : 'CLIENT'
  for (const level of levels) {
    const mode = level.match?.mode ?? 'CLIENT_AND_SERVER'
    if (mode === 'CLIENT_AND_SERVER' || mode === side) merge(spec, level)
  }
  return spec
}

function merge(spec: TracingSpec, level: Tracing): void {
  spec.provider = level.providers?.[0]?.name ?? spec.provider
  spec.disabled = level.disableSpanReporting ?? spec.disabled
  spec.tags = level.customTags ?? spec.tags
  spec.sampling = level.randomSamplingPercentage ?? spec.sampling
  spec.byRequestId = level.useRequestIdForTraceSampling ?? spec.byRequestId
  spec.istioTags = level.enableIstioTags ?? spec.istioTags
  if (level.disableContextPropagation !== undefined) spec.propagates = !level.disableContextPropagation
}

function proxySampling({ snapshot }: TranslationContext, { sampling }: ProxyTracing): number {
  if (!sampling) return Number(snapshot.flag('PILOT_TRACE_SAMPLING', '1'))
  return sampling > 100 ? 1 : sampling
}

/** Who samples how much, and the tags of every span, by name. */
function common(
  context: TranslationContext,
  sampling: number,
  withIstioTags: boolean,
  custom: Record<string, TagSpec>,
): JsonObject {
  const tags = [
    ...(withIstioTags ? istioTags(context) : []),
    ...Object.entries(custom).map(([tag, value]) => customTag(tag, value)),
  ].sort((a, b) => compareText(String(a['tag']), String(b['tag'])))
  return {
    client_sampling: { value: 100 },
    random_sampling: sampling === 0 ? {} : { value: sampling },
    overall_sampling: { value: 100 },
    ...(tags.length > 0 ? { custom_tags: tags } : {}),
  }
}

/**
 * Tracing of one side. Without a word from Telemetry, sampling and tags apply when a request carries a trace; with one,
 * a provider that is not to be found turns tracing off.
 */
export function tracingFields(context: TranslationContext, where: ListenerClass): TracingFields {
  const own = (context.proxyConfig.tracing ?? {}) as ProxyTracing
  const length = own.maxPathTagLength ? { max_path_tag_length: own.maxPathTagLength } : {}
  const spec = tracingSpec(context, where)
  if (spec === null) {
    if (!context.mesh.enableTracing) return NO_TRACING
    const fields = common(context, proxySampling(context, own), own.enableIstioTags !== false, own.customTags ?? {})
    return { tracing: { tracing: { ...fields, ...length } }, byRequestId: true }
  }
  const provider = extensionProvider(context.mesh, spec.provider)
  const tracer = spec.disabled || provider === undefined ? null : tracerOf(context, provider)
  if (tracer === null) return NO_TRACING
  const sampling = tracer.samples ? 100 : (spec.sampling ?? proxySampling(context, own))
  const tags = Object.keys(spec.tags).length > 0 ? spec.tags : (own.customTags ?? {})
  const tracing: JsonObject = {
    ...common(context, sampling, spec.istioTags, tags),
    ...length,
    ...tracer.fields,
    ...(spec.propagates ? {} : { no_context_propagation: true }),
  }
  return { tracing: { tracing }, byRequestId: spec.byRequestId }
}
