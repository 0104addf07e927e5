// Kinds that are gone or have no effect, and the places where mesh settings lie.
import { describe, expect, it } from 'vitest'
import { loadResources, meshConfigFrom } from '../../../simulator/resources/index.ts'
import { validateAll } from '../../../simulator/validation/index.ts'

const load = (content: string) => loadResources([{ name: 'a.yaml', content }])
const said = (content: string): string[] =>
  load(content).diagnostics.map(({ code, level, message, hint }) => `${code} ${level} ${message}: ${hint ?? ''}`)

describe('kinds without an effect', () => {
  it.each([
    ['config.istio.io/v1alpha2', 'rule', 'Telemetry'],
    ['config.istio.io/v1alpha2', 'RouteRule', 'VirtualService and DestinationRule'],
    ['rbac.istio.io/v1alpha1', 'ServiceRole', 'AuthorizationPolicy'],
    ['authentication.istio.io/v1alpha1', 'Policy', 'PeerAuthentication and RequestAuthentication'],
    ['networking.x-k8s.io/v1alpha1', 'HTTPRoute', 'gateway.networking.k8s.io/v1'],
  ])('%s %s names its replacement', (version, kind, replacement) => {
    expect(said(`apiVersion: ${version}\nkind: ${kind}\nmetadata: {name: a}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^SIM0207 warning ${kind} .* was removed; it is ignored: .*${replacement}`)),
    ])
  })
  it('an unknown kind and one that is near', () => {
    expect(said('apiVersion: networking.istio.io/v1\nkind: VirtualServise\nmetadata: {name: a}\n')).toEqual([
      expect.stringContaining('did you mean VirtualService?'),
    ])
  })
  it.each([
    ['networking.k8s.io/v1', 'NetworkPolicy', '{podSelector: {}}', 'NetworkPolicy is accepted but not simulated'],
    [
      'extensions.istio.io/v1alpha1',
      'WasmPlugin',
      '{url: "oci://x/y:1"}',
      'WasmPlugin url is accepted but not simulated',
    ],
    [
      'extensions.istio.io/v1alpha1',
      'TrafficExtension',
      '{wasm: {url: "oci://x/y:1"}}',
      'TrafficExtension wasm is accepted but not simulated',
    ],
  ])('%s %s is accepted and told', (version, kind, spec, message) => {
    const { resources, diagnostics } = load(
      `apiVersion: ${version}\nkind: ${kind}\nmetadata: {name: a}\nspec: ${spec}\n`,
    )
    expect(resources).toHaveLength(1)
    expect(diagnostics.map(found => `${found.code} ${found.message}`)).toEqual([`SIM0301 ${message}`])
  })
})

describe('mesh settings', () => {
  const settings = (content: string) => meshConfigFrom(load(content).resources)
  it.each([
    ['bare', 'rootNamespace: root\n'],
    [
      'a ConfigMap',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n    rootNamespace: root\n',
    ],
    [
      'an IstioOperator',
      'apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: a}\nspec: {meshConfig: {rootNamespace: root}}\n',
    ],
  ])('from %s', (_what, content) => {
    const { meshConfig, diagnostics } = settings(content)
    expect([meshConfig.rootNamespace, meshConfig.trustDomain, diagnostics]).toEqual(['root', 'cluster.local', []])
  })
  const operator = (profile: string): string =>
    `apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: a}\nspec: {profile: ${profile}}\n`
  it('the demo profile writes access logs, the others do not', () => {
    expect(settings(operator('demo')).meshConfig.accessLogFile).toBe('/dev/stdout')
    expect(settings(operator('default')).meshConfig.accessLogFile).toBeUndefined()
    expect(settings(operator('minimal')).diagnostics).toEqual([])
  })
  it.each([
    ['bare', (yaml: string) => yaml, 3],
    [
      'a ConfigMap',
      (yaml: string) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata:\n  mesh: |\n${yaml.replace(/^/gm, '    ')}\n`,
      5,
    ],
    [
      'an IstioOperator',
      (yaml: string) =>
        `apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: a}\nspec:\n  meshConfig:\n${yaml.replace(/^/gm, '    ')}\n`,
      8,
    ],
  ])('nested fields in %s: snake_case, enum numbers, and a misspelt one', (_what, wrap, line) => {
    const { meshConfig, diagnostics } = settings(
      wrap(
        'default_config:\n  tracing:\n    smapling: 3\n    max_path_tag_length: 9\noutbound_traffic_policy: {mode: 0}\nextension_providers:\n- {name: a, envoy_ext_authz_http: {service: a.b, port: 80, fail_open: true}}',
      ),
    )
    expect(meshConfig.defaultConfig.tracing).toEqual({ maxPathTagLength: 9 })
    expect(meshConfig.defaultConfig.drainDuration).toBe('45s')
    expect(meshConfig.outboundTrafficPolicy).toEqual({ mode: 'REGISTRY_ONLY' })
    expect(meshConfig.extensionProviders.at(-1)).toEqual({
      name: 'a',
      envoyExtAuthzHttp: { service: 'a.b', port: 80, failOpen: true },
    })
    expect(diagnostics).toHaveLength(1)
    expect(diagnostics[0]).toMatchObject({
      code: 'SIM0202',
      level: 'error',
      hint: 'did you mean "sampling"?',
      at: { line },
    })
    expect(diagnostics[0]?.message).toContain('unknown field "defaultConfig.tracing.smapling"')
  })
  it('a wrong value is left out, its neighbours are kept; removed settings are told', () => {
    const { meshConfig, diagnostics } = settings(
      'connectTimeout: soon\nrootNamespace: a\nmixerCheckServer: b\ntrustDomainAliases: [a, 1, b, {}]\n',
    )
    expect([meshConfig.connectTimeout, meshConfig.rootNamespace]).toEqual(['10s', 'a'])
    expect(meshConfig.trustDomainAliases).toEqual(['a', 'b'])
    expect(diagnostics.map(found => `${found.code} ${found.level}`)).toEqual([
      'SIM0207 warning',
      'SIM0203 error',
      'SIM0203 error',
      'SIM0203 error',
    ])
  })
  it('what istiod refuses of them', () => {
    const found = validateAll(
      load('meshMTLS: {ecdhCurves: [P-256]}\ntrustDomain: a_b\ndefaultConfig: {drainDuration: 1ms}\n').resources,
    )
    expect(found.map(item => item.message)).toEqual([
      'drain time only supports durations to seconds precision',
      'trustDomain: trust domain name "a_b" invalid',
      'mesh TLS does not support ECDH curves configuration',
    ])
  })
  it('a profile and a setting that nobody knows', () => {
    expect(settings(operator('demmo')).diagnostics[0]).toMatchObject({ code: 'SIM0203', hint: 'did you mean demo?' })
    expect(settings('rootNamespace: a\ntrustDomian: b\n').diagnostics[0]).toMatchObject({
      code: 'SIM0202',
      hint: 'did you mean "trustDomain"?',
      at: { line: 2 },
    })
  })
})
