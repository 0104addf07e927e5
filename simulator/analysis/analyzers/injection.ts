// Sidecar injection: namespaces, pods, images, webhooks (istio: pkg/config/analysis/analyzers/{injection,webhook,
// externalcontrolplane}).
import ipaddr from 'ipaddr.js'
import { parseDocuments } from '../../documents/index.ts'
import { fields, isObject, list } from '../../resources/fields.ts'
import type { ConfigMap, PodController, PodSpec } from '../../resources/kubernetes/kinds.ts'
import type { ProxyConfig } from '../../resources/networking/proxy-config.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'
import { containersOf, PROXY_CONTAINER } from '../in-mesh.ts'
import { type LabelSelectorLike, labelSelectorMatches, selects } from '../selectors.ts'

const REVISION = 'istio.io/rev'
const INJECTION = 'istio-injection'
const DATAPLANE = 'istio.io/dataplane-mode'
const INJECT = 'sidecar.istio.io/inject'
const SYSTEM = 'istio-system'

const injectorConfigMap = (revision: string): string =>
  revision === '' || revision === 'default' ? 'istio-sidecar-injector' : `istio-sidecar-injector-${revision}`

/** The values of an injector's ConfigMap; JSON, so YAML reads it. */
function injectorValues(configMap: Instance): Record<string, unknown> {
  const text = configMap.spec<ConfigMap>().data?.['values'] ?? ''
  return fields(parseDocuments(configMap.name, text).documents[0]?.value)
}

/** Injection labels of a namespace that speak at the same time. */
function injectionLabels({ labels }: Instance): string[] {
  const injection = labels[INJECTION]
  const found = injection === undefined ? [] : [`${INJECTION}=${injection}`]
  for (const name of [REVISION, DATAPLANE]) {
    const value = labels[name]
    if (value !== undefined && (injection === undefined || injection === 'enabled')) found.push(`${name}=${value}`)
  }
  return found
}

const namespaces: Analyzer = {
  name: 'injection.Analyzer',
  description: 'Checks conditions related to Istio sidecar injection',
  needsCluster: true,
  analyze(context) {
    const injected = new Set<string>()
    let byDefault = false
    for (const namespace of context.all(KIND.namespace)) {
      if (namespace.name === SYSTEM) continue
      const found = injectionLabels(namespace)
      if (found.length > 1) context.report(namespace, 'IST0123', null, found)
      if (namespace.labels[DATAPLANE] === 'ambient') continue
      const revision = namespace.labels[REVISION]
      const map = context.all(KIND.configMap).find(item => item.name === injectorConfigMap(revision ?? ''))
      if (map !== undefined) {
        byDefault = fields(injectorValues(map)['sidecarInjectorWebhook'])['enableNamespacesByDefault'] === true
      }
      const label = namespace.labels[INJECTION] ?? ''
      if (label === '' && revision === undefined) {
        if (byDefault) context.report(namespace, 'IST0148', null)
        else context.report(namespace, 'IST0102', ['metadata', 'name'], namespace.name, namespace.name)
      } else if (label === 'enabled') injected.add(namespace.name)
    }
    for (const pod of context.all(KIND.pod)) {
      const spec = pod.spec<PodSpec>()
      const asked = pod.labels[INJECT] ?? pod.annotations[INJECT] ?? ''
      if (!injected.has(pod.namespace) || asked.toLowerCase() === 'false' || spec.hostNetwork === true) continue
      const proxy = containersOf(spec).find(container => container.name === PROXY_CONTAINER)
      if ((proxy?.image ?? '') === '') context.report(pod, 'IST0103', null, pod.fullName)
    }
  },
}

const imageType = (config: unknown): string => {
  const type = fields(fields(config)['image'])['imageType']
  return typeof type === 'string' ? type : ''
}

/** Image variant of a pod's proxy: the mesh's, its root's, its namespace's, its workload's, its annotation's. */
function imageVariant(context: AnalysisContext, pod: Instance): string {
  const root = context.meshConfig.rootNamespace ?? SYSTEM
  const configs = context.all(KIND.proxyConfig)
  const selector = (item: Instance) => item.spec<ProxyConfig>().selector
  const annotation = pod.annotations['proxy.istio.io/config']
  const choices = [
    imageType(context.meshConfig.defaultConfig),
    ...configs.filter(item => item.namespace === root).map(item => imageType(item.resource.spec)),
    ...configs
      .filter(item => item.namespace !== root && item.namespace === pod.namespace && selector(item) === undefined)
      .map(item => imageType(item.resource.spec)),
    ...configs
      .filter(item => item.namespace !== root && item.namespace === pod.namespace)
      .filter(item => selector(item) !== undefined && selects(selector(item)?.matchLabels, pod.labels))
      .map(item => imageType(item.resource.spec)),
    annotation === undefined ? '' : imageType(parseDocuments('proxy.istio.io/config', annotation).documents[0]?.value),
  ]
  const variant = choices.findLast(choice => choice !== '') ?? ''
  return variant === 'default' ? '' : variant
}

function injectedImage(configMap: Instance): string {
  const global = fields(injectorValues(configMap)['global'])
  const image = String(fields(global['proxy'])['image'] ?? '')
  return image.includes('/') ? image : `${String(global['hub'] ?? '')}/${image}:${String(global['tag'] ?? '')}`
}

const images: Analyzer = {
  name: 'injection.ImageAnalyzer',
  description: 'Checks the image of auto-injection configured with the running proxies on pods',
  needsCluster: true,
  analyze(context) {
    const byConfigMap = new Map(
      context
        .all(KIND.configMap)
        .filter(map => map.name.startsWith('istio-sidecar-injector'))
        .map(map => [map.name, injectedImage(map)]),
    )
    for (const namespace of context.all(KIND.namespace)) {
      const revision = namespace.labels[REVISION]
      if (namespace.labels[INJECTION] !== 'enabled' && revision === undefined) continue
      const image = byConfigMap.get(injectorConfigMap(revision ?? 'default'))
      if (image === undefined) continue
      const wrong: string[] = []
      for (const pod of context.pods(namespace.name, null)) {
        if ((pod.annotations['sidecar.istio.io/proxyImage'] ?? '') !== '') continue
        const variant = `${image}-${imageVariant(context, pod)}`
        for (const container of containersOf(pod.spec<PodSpec>())) {
          if (container.name !== PROXY_CONTAINER) continue
          if (container.image !== image && container.image !== variant) wrong.push(pod.name)
        }
      }
      wrong.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0))
      if (wrong.length > 0) context.report(namespace, 'IST0158', null, wrong)
    }
  },
}

interface Webhook {
  name: string
  namespaceSelector: LabelSelectorLike | undefined
  objectSelector: LabelSelectorLike | undefined
  /** Of clientConfig. */
  url: string | undefined
  service: { namespace: string; name: string } | null
}

const selectorOf = (value: unknown): LabelSelectorLike | undefined =>
  isObject(value) ? (value as LabelSelectorLike) : undefined

function webhooksOf(configuration: Instance): Webhook[] {
  return list(fields(configuration.resource.spec)['webhooks'])
    .filter(isObject)
    .map(hook => {
      const client = fields(hook['clientConfig'])
      const service = client['service']
      return {
        name: String(hook['name'] ?? ''),
        namespaceSelector: selectorOf(hook['namespaceSelector']),
        objectSelector: selectorOf(hook['objectSelector']),
        url: typeof client['url'] === 'string' ? client['url'] : undefined,
        service: isObject(service)
          ? { namespace: String(service['namespace'] ?? ''), name: String(service['name'] ?? '') }
          : null,
      }
    })
}

const hasAutoImage = (containers: readonly { name?: string | undefined; image?: string | undefined }[]): boolean =>
  containers.some(container => container.name === PROXY_CONTAINER && container.image === 'auto')

const autoImages: Analyzer = {
  name: 'injection.ImageAutoAnalyzer',
  description: 'Makes sure that Pods and Deployments with `image: auto` are going to be injected',
  needsCluster: true,
  analyze(context) {
    const hooks = context.all(KIND.mutatingWebhook).flatMap(webhooksOf)
    const own = hooks.filter(hook => hook.name.endsWith('istio.io'))
    for (const pod of context.all(KIND.pod)) {
      // whatever the webhooks say: a running pod still has the placeholder
      if (hasAutoImage(pod.spec<PodSpec>().containers ?? [])) context.report(pod, 'IST0147', null, 'Pod', pod.name)
    }
    for (const deployment of context.all(KIND.deployment)) {
      const template = deployment.spec<PodController>().template
      if (!hasAutoImage(template?.spec?.containers ?? [])) continue
      const namespace = context.find(KIND.namespace, '', deployment.namespace || 'default')
      const matched = own.some(
        hook =>
          labelSelectorMatches(hook.namespaceSelector, namespace?.labels ?? {}) &&
          labelSelectorMatches(hook.objectSelector, template?.metadata?.labels ?? {}),
      )
      if (!matched) context.report(deployment, 'IST0146', null, 'Deployment', deployment.name)
    }
  },
}

function revisionsOf(configuration: Instance, hooks: readonly Webhook[]): string[] {
  const found = [configuration.labels[REVISION]]
  for (const selector of hooks.flatMap(hook => [hook.namespaceSelector, hook.objectSelector])) {
    found.push(selector?.matchLabels?.[REVISION])
    for (const expression of selector?.matchExpressions ?? []) {
      if (expression.key === REVISION) found.push(...(expression.values ?? []))
    }
  }
  return found.filter(item => item !== undefined)
}

/** Labels in every combination that the injector's selectors look at. */
function combinations(label: string, values: readonly string[], revisions: Iterable<string>): Record<string, string>[] {
  const bases = [{}, ...values.map(value => ({ [label]: value }))]
  return [...bases, ...[...revisions].flatMap(revision => bases.map(base => ({ ...base, [REVISION]: revision })))]
}

const webhooks: Analyzer = {
  name: 'webhook.Analyzer',
  description: 'Checks the validity of Istio webhooks',
  needsCluster: true,
  analyze(context) {
    const hooks: { id: string; configuration: Instance; hook: Webhook }[] = []
    const revisions = new Set<string>()
    for (const configuration of context.all(KIND.mutatingWebhook)) {
      const own = webhooksOf(configuration)
      const found = revisionsOf(configuration, own)
      if (found.length === 0 && !own.some(hook => hook.name.endsWith('istio.io'))) continue
      for (const revision of found) revisions.add(revision)
      for (const hook of own) hooks.push({ id: `${configuration.fullName}/${hook.name}`, configuration, hook })
    }
    for (const namespace of combinations(INJECTION, ['enabled', 'disabled'], revisions)) {
      for (const object of combinations(INJECT, ['true', 'false'], revisions)) {
        const matches = hooks.filter(
          ({ hook }) =>
            labelSelectorMatches(hook.namespaceSelector, namespace) &&
            labelSelectorMatches(hook.objectSelector, object),
        )
        const ids = [...new Set(matches.map(match => match.id))].sort((left, right) => (left < right ? -1 : 1))
        if (ids.length < 2) continue
        for (const { id, configuration } of matches) {
          const others = ids.filter(other => other !== id).join(' ')
          const text = `Webhook overlaps with others: [${others}]. This may cause injection to occur twice.`
          context.report(configuration, 'IST0139', null, text)
        }
      }
    }
    for (const { configuration, hook } of hooks) {
      if (hook.service === null) continue
      const { namespace, name } = hook.service
      if (context.find(KIND.service, namespace, name) !== undefined) continue
      const full = namespace === '' ? name : `${namespace}/${name}`
      const text = `Injector refers to a control plane service that does not exist: ${full}.`
      context.report(configuration, 'IST0139', null, text)
    }
  },
}

const URL_HOST = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i

function reportAddress(context: AnalysisContext, configuration: Instance, hook: Webhook): void {
  if (hook.url === undefined) {
    if (hook.service === null) context.report(configuration, 'IST0163', null, '', hook.name, 'is blank')
    return
  }
  const broken = /[\s\x7f]|%(?![0-9a-f]{2})|^:/i.test(hook.url)
  if (broken) {
    context.report(configuration, 'IST0163', null, hook.url, hook.name, 'was provided in an invalid format')
    return
  }
  const host = (URL_HOST.exec(hook.url)?.[1] ?? '').replace(/^\[|\]$/g, '')
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(host) || (host.includes(':') && ipaddr.IPv6.isValid(host))
  if (isAddress) context.report(configuration, 'IST0164', null, hook.url, hook.name)
}

const externalControlPlane: Analyzer = {
  name: 'externalcontrolplane.ExternalControlPlaneAnalyzer',
  description: 'Checks that the remote IstioOperator resources reference an external control plane',
  needsCluster: false,
  analyze(context) {
    const validating = context
      .all(KIND.validatingWebhook)
      .filter(({ name }) => name === 'istiod-default-validator' || name.startsWith('istio-validator'))
    const mutating = context.all(KIND.mutatingWebhook).filter(({ name }) => name.startsWith('istio-sidecar-injector'))
    for (const configuration of [...validating, ...mutating]) {
      for (const hook of webhooksOf(configuration)) reportAddress(context, configuration, hook)
    }
  },
}

export const injectionAnalyzers = [namespaces, images, autoImages, webhooks, externalControlPlane]
