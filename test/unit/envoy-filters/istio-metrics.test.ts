// Istio's metrics against the ledger: what the proxies recorded of every stream and connection, one by one.
import { describe, expect, test } from 'vitest'
import { type Family, MemoryRecorder, prometheusText, type Sample } from '../../../simulator/observation/index.ts'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'

const SERVICE = (name: string, port: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ ${port}, port: 8000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name}, version: v1 } }
    spec: { containers: [{ name: app, image: x, ports: [{ containerPort: 8000 }] }] }
`

const MESH = `${SERVICE('patient', 'name: http')}${SERVICE('echo', 'name: tcp')}${SERVICE('curl', 'name: http')}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: patient }
spec:
  hosts: [patient]
  http:
    - route: [{ destination: { host: patient } }]
      retries: { attempts: 2, retryOn: 5xx, perTryTimeout: 2s }
      fault: { abort: { httpStatus: 418, percentage: { value: 20 } } }
`

const SCENARIO = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: metrics }
spec:
  title: metrics
  duration: 12s
  workloads:
    - name: patient
      behaviour: { failEvery: { n: 3, status: 503 } }
    - name: echo
      behaviour: { tcp: { prefix: one } }
  loads:
    - name: readers
      source: curl.default
      pattern: { poisson: 20 }
      requests: [{ url: 'http://patient:8000/a' }]
    - name: talkers
      source: curl.default
      pattern: { constant: 2 }
      stop: 4s
      requests: [{ url: 'tcp://echo:8000', send: hello, lines: 7, every: 1s }]
`

function run(telemetry = '') {
  const { scenario, diagnostics } = loadScenario({ name: 's.yaml', content: SCENARIO })
  if (scenario === null) throw new Error(diagnostics[0]?.message)
  const recorder = new MemoryRecorder({ kinds: ['stream', 'connection', 'client'] })
  const files = [{ name: 'mesh.yaml', content: MESH + telemetry }]
  const { simulation, diagnostics: wrong } = createSimulation({ scenario, files, recorder, metrics: true })
  if (simulation === null) throw new Error(wrong.map(d => d.message).join('\n'))
  simulation.runUntil(simulation.duration)
  return { simulation, recorder }
}

const TELEMETRY = (overrides: string): string => `---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: t, namespace: istio-system }
spec:
  metrics:
    - providers: [{ name: prometheus }]
      overrides: ${overrides}
`

/** Sums of a counter by the labels named. */
function sums(families: readonly Family[], name: string, ...labels: string[]): Record<string, number> {
  const out: Record<string, number> = {}
  const series = families.filter(f => f.name === name).flatMap(f => f.series as readonly Sample[])
  for (const { labels: own, ...sample } of series) {
    const key = labels.map(label => own.find(([l]) => l === label)?.[1] ?? 'absent').join(' ')
    out[key] = (out[key] ?? 0) + ('value' in sample ? sample.value : (sample as { count: number }).count)
  }
  return out
}

describe("Istio's metrics of HTTP", () => {
  const { simulation, recorder } = run()
  const targets = simulation.scrape()
  const families = targets.flatMap(target => target.families)

  test('count every stream once, by reporter, code and flags', () => {
    const ledger: Record<string, number> = {}
    for (const { direction, status, flags } of recorder.of('stream')) {
      const key = `${direction === 'inbound' ? 'destination' : 'source'} ${status} ${flags.join() || '-'}`
      ledger[key] = (ledger[key] ?? 0) + 1
    }
    const counted: Record<string, number> = {}
    for (const { families: own } of targets)
      for (const [key, n] of Object.entries(
        sums(own, 'istio_requests_total', 'reporter', 'response_code', 'response_flags'),
      ))
        counted[key] = (counted[key] ?? 0) + n
    expect(counted).toEqual(ledger)
    expect(Object.keys(ledger).sort()).toEqual([
      'destination 200 -',
      'destination 503 -',
      'source 200 -',
      'source 418 FI',
      ...Object.keys(ledger).filter(key => key.startsWith('source 503')),
    ])
  })

  test('one source sample per request, one destination sample per attempt', () => {
    const source = recorder.of('stream').filter(r => r.direction === 'outbound')
    const attempts = source.reduce((sum, r) => sum + r.attempts, 0)
    const total = { source: 0, destination: 0 }
    for (const { families: own } of targets)
      for (const [reporter, n] of Object.entries(sums(own, 'istio_requests_total', 'reporter')))
        total[reporter as 'source'] += n
    expect(total).toEqual({ source: source.length, destination: attempts })
    expect(recorder.of('client').filter(r => r.source === 'readers')).toHaveLength(source.length)
  })

  test('durations have as many samples and the ledger’s sum in whole milliseconds', () => {
    const durations = families.filter(f => f.name === 'istio_request_duration_milliseconds')
    let sum = 0
    let count = 0
    for (const family of durations)
      for (const series of family.series as readonly { sum: number; count: number; counts: number[] }[]) {
        sum += series.sum
        count += series.count
        expect(series.counts.reduce((a, b) => a + b, 0)).toBe(series.count)
      }
    const streams = recorder.of('stream')
    expect(count).toBe(streams.length)
    expect(sum).toBe(streams.reduce((s, r) => s + Math.floor((r.end - r.start) / 1000), 0))
  })

  test('both sides name each other by what their proxies exchanged', () => {
    const ends = ['source_workload', 'destination_workload', 'destination_service', 'connection_security_policy']
    const host = 'patient.default.svc.cluster.local'
    const source = sums(families, 'istio_requests_total', 'reporter', ...ends)
    expect(source).toHaveProperty([`source curl patient ${host} unknown`])
    // An injected abort reaches nobody.
    expect(source).toHaveProperty([`source curl unknown ${host} unknown`])
    const inbound = families.filter(f => f.series.some(s => s.labels.some(([, v]) => v === 'destination')))
    expect(sums(inbound, 'istio_requests_total', 'reporter', ...ends)).toHaveProperty([
      `destination curl patient ${host} mutual_tls`,
    ])
  })

  test('counting changes nothing in the run', () => {
    const { scenario } = loadScenario({ name: 's.yaml', content: SCENARIO })
    const without = createSimulation({ scenario: scenario!, files: [{ name: 'mesh.yaml', content: MESH }] })
    without.simulation!.runUntil(simulation.duration)
    expect(without.simulation!.fingerprint()).toBe(simulation.fingerprint())
    expect(without.simulation!.scrape()).toEqual([])
  })
})

describe("Istio's metrics of TCP", () => {
  const { simulation, recorder } = run()
  const total = (...labels: string[]) => {
    const all = (name: string) => {
      const out: Record<string, number> = {}
      for (const { families } of simulation.scrape())
        for (const [key, n] of Object.entries(sums(families, `istio_tcp_${name}`, ...labels)))
          out[key] = (out[key] ?? 0) + n
      return out
    }
    return {
      opened: all('connections_opened_total'),
      closed: all('connections_closed_total'),
      received: all('received_bytes_total'),
      sent: all('sent_bytes_total'),
    }
  }

  test('connections and bytes are those of the ledger', () => {
    const ledger = { opened: 0, closed: 0, received: 0, sent: 0 }
    for (const { bytesReceived, bytesSent } of recorder.of('connection')) {
      ledger.opened++
      ledger.closed++
      ledger.received += bytesReceived
      ledger.sent += bytesSent
    }
    expect(ledger.opened).toBe(14)
    const counted = total('request_protocol')
    expect({ ...ledger }).toEqual({
      opened: counted.opened['tcp'],
      closed: counted.closed['tcp'],
      received: counted.received['tcp'],
      sent: counted.sent['tcp'],
    })
    expect(total('reporter', 'source_workload', 'destination_workload').closed).toEqual({
      'source curl echo': 7,
      'destination curl echo': 7,
    })
  })

  test('an open connection tells its bytes every five seconds', () => {
    const { scenario } = loadScenario({ name: 's.yaml', content: SCENARIO })
    const files = [{ name: 'mesh.yaml', content: MESH }]
    const again = createSimulation({ scenario: scenario!, files, metrics: true }).simulation!
    const received = () =>
      again
        .scrape()
        .flatMap(t => Object.values(sums(t.families, 'istio_tcp_received_bytes_total', 'reporter')))
        .reduce((a, b) => a + b, 0)
    again.runUntil(5_300_000)
    expect(received()).toBe(0)
    again.runUntil(5_800_000)
    const first = received()
    expect(first).toBeGreaterThan(0)
    expect(received()).toBe(first)
  })
})

describe("Envoy's statistics of clusters", () => {
  const { simulation, recorder } = run()
  const cluster = 'outbound|8000||patient.default.svc.cluster.local'
  const families = simulation.scrape(true).flatMap(t => t.families)
  const of = (name: string, ...labels: string[]) => sums(families, `envoy_cluster_${name}`, 'cluster_name', ...labels)

  test('agree with the ledger: answers by status, tries, retries', () => {
    const routed = recorder.of('stream').filter(r => r.cluster === cluster && r.attempts > 0)
    const answers = of('upstream_rq', 'response_code')
    for (const status of [200, 503])
      expect(answers[`${cluster} ${status}`] ?? 0).toBe(routed.filter(r => r.status === status).length)
    expect(of('upstream_rq_completed')[cluster]).toBe(routed.length)
    expect(of('upstream_rq_total')[cluster]).toBe(routed.reduce((sum, r) => sum + r.attempts, 0))
    const retries = routed.reduce((sum, r) => sum + r.attempts - 1, 0)
    expect(retries).toBeGreaterThan(10)
    expect(of('upstream_rq_retry')[cluster]).toBe(retries)
    expect(of('upstream_rq_retry_backoff_exponential')[cluster]).toBe(retries)
    expect(of('retry_upstream_rq', 'response_code')[`${cluster} 503`]).toBe(retries)
    const saved = routed.filter(r => r.attempts > 1 && r.status === 200).length
    expect(of('upstream_rq_retry_success')[cluster]).toBe(saved)
  })

  test('are absent unless asked for, as in Istio', () => {
    const names = simulation.scrape().flatMap(t => t.families.map(f => f.name))
    expect(names.filter(name => name.startsWith('envoy_cluster'))).toEqual([])
  })
})

describe('a Telemetry', () => {
  const labelsOf = (overrides: string, metric: string) => {
    const targets = run(TELEMETRY(overrides)).simulation.scrape()
    return targets.flatMap(t => t.families).filter(f => f.name === metric)
  }

  test('drops a metric', () => {
    const dropped = '[{ match: { metric: REQUEST_SIZE }, disabled: true }]'
    expect(labelsOf(dropped, 'istio_request_bytes')).toEqual([])
    expect(labelsOf(dropped, 'istio_response_bytes')).not.toEqual([])
  })

  test('removes and adds labels, by expressions over the request', () => {
    const overrides = `
        - match: { metric: REQUEST_COUNT, mode: CLIENT }
          tagOverrides:
            source_app: { operation: REMOVE }
            request_host: { value: request.host }
            outcome: { value: "response.code >= 500 ? 'bad' : 'good'" }
            missing: { value: "request.headers['x-none']" }`
    const families = labelsOf(overrides, 'istio_requests_total')
    const found = sums(families, 'istio_requests_total', 'reporter', 'source_app', 'request_host', 'outcome', 'missing')
    expect(found).toHaveProperty(['source absent patient:8000 good unknown'])
  })
})

test('the text is what Prometheus scrapes', () => {
  const series = [
    {
      labels: [
        ['reporter', 'source'],
        ['path', 'a"b\\c\n'],
      ] as const,
      value: 3,
    },
  ]
  const counts = [1, 0, 2]
  const text = prometheusText([
    { labels: [['pod', 'p-0']], families: [{ name: 'x_total', type: 'counter', series }] },
    {
      labels: [],
      families: [
        {
          name: 'a_ms',
          type: 'histogram',
          series: [{ labels: [], bounds: [0.5, 1], counts, sum: 9, count: 3, add() {} }],
        },
      ],
    },
  ])
  expect(text).toBe(`# TYPE a_ms histogram
a_ms_bucket{le="0.5"} 1
a_ms_bucket{le="1"} 1
a_ms_bucket{le="+Inf"} 3
a_ms_sum 9
a_ms_count 3
# TYPE x_total counter
x_total{reporter="source",path="a\\"b\\\\c\\n",pod="p-0"} 3
`)
})
