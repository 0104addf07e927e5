import { expect, test } from 'vitest'
import { analyze } from '../../../simulator/analysis/index.ts'
import { defaultMeshConfig, loadResources } from '../../../simulator/resources/index.ts'

function said(annotation: string, value: string): string[] {
  const pod = `apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: default
  annotations: { ${annotation}: ${JSON.stringify(value)} }
spec: { containers: [{ name: a, image: a }, { name: istio-proxy, image: a }, { name: istio-init, image: a }] }
`
  const { resources } = loadResources([{ name: 'a.yaml', content: pod }])
  const found = analyze([{ name: '', resources }], { meshConfig: defaultMeshConfig(), now: 0 })
  return found.filter(({ code }) => code === 'IST0125').map(({ message }) => message.replace(/^.*?: /, ''))
}

test.each([
  [
    'traffic.sidecar.istio.io/excludeOutboundPorts',
    'http',
    "excludeOutboundPorts invalid: failed parsing port 'http': failed parsing port 'http': strconv.ParseUint: parsing \"http\": invalid syntax",
  ],
  [
    'traffic.sidecar.istio.io/includeOutboundIPRanges',
    '10.0.0.1',
    "includeIPRanges invalid: failed parsing cidr '10.0.0.1': netip.ParsePrefix(\"10.0.0.1\"): no '/'",
  ],
  ['traffic.sidecar.istio.io/kubevirtInterfaces', 'a/b', 'interface name "a/b" contains invalid characters'],
  ['prometheus.istio.io/merge-metrics', 'maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  [
    'proxy.istio.io/config',
    'text',
    'failed to convert to apply proxy config: json: cannot unmarshal string into Go value of type map[string]json.RawMessage',
  ],
  ['proxy.istio.io/config', 'drainDuration: 0s', 'invalid drain duration: duration must be greater than 1ms'],
])('%s: %s', (annotation, value, message) => {
  expect(said(annotation, value)).toEqual([message])
})

test.each([
  ['traffic.sidecar.istio.io/includeInboundPorts', '*'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', '80, 443'],
  ['proxy.istio.io/config', 'someUnknownField: 1\nconcurrency: 2'],
])('%s takes %s', (annotation, value) => {
  expect(said(annotation, value)).toEqual([])
})
