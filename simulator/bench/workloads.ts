// The two workloads of the benchmark, as a mesh would be described: Services, Deployments, VirtualServices and
// DestinationRules in YAML, behaviours of the applications, and the load. One unit of time is one second, one mean
// service time.
//   chain: five services in a row, each M/M/4 at load 0.75; theory gives the mean wait.
//   mesh:  productpage -> (details || reviews v1 50 % / v2 30 % / v3 20 %), v2 and v3 -> ratings.
// A call's timeout is perTryTimeout with one retry on gateway-error. The subsets of a service select the same pods;
// the route tells the application by a header which version was chosen.
import type { BehaviourSpec } from '../world/apps/index.ts'

export type WorkloadName = 'chain' | 'mesh'

export const PORT = 8080
const VERSION_HEADER = 'x-version'

interface Version {
  weight: number
  calls: readonly string[]
}

export interface BenchService {
  name: string
  timeoutSeconds: number
  replicas: number
  workers: number
  versions: readonly Version[]
}

export interface BenchWorkload {
  name: WorkloadName
  /** Requests per second. */
  rate: number
  root: string
  services: readonly BenchService[]
  /** Mean wait in the queue in seconds, where a theory gives it. */
  theory: number | undefined
}

const chain: BenchWorkload = {
  name: 'chain',
  rate: 3,
  root: 's1',
  services: [1, 2, 3, 4, 5].map(i => ({
    name: `s${i}`,
    timeoutSeconds: 200,
    replicas: 1,
    workers: 4,
    versions: [{ weight: 100, calls: i < 5 ? [`s${i + 1}`] : [] }],
  })),
  theory: 0.509434,
}

const pair = { replicas: 2, workers: 2 }

const mesh: BenchWorkload = {
  name: 'mesh',
  rate: 1.8,
  root: 'productpage',
  services: [
    { ...pair, name: 'productpage', timeoutSeconds: 30, versions: [{ weight: 100, calls: ['details', 'reviews'] }] },
    { ...pair, name: 'details', timeoutSeconds: 5, versions: [{ weight: 100, calls: [] }] },
    {
      ...pair,
      name: 'reviews',
      timeoutSeconds: 9,
      versions: [
        { weight: 50, calls: [] },
        { weight: 30, calls: ['ratings'] },
        { weight: 20, calls: ['ratings'] },
      ],
    },
    { ...pair, name: 'ratings', timeoutSeconds: 5, versions: [{ weight: 100, calls: [] }] },
  ],
  theory: undefined,
}

export const WORKLOADS: Readonly<Record<WorkloadName, BenchWorkload>> = { chain, mesh }

/** The mesh as YAML documents; the client is a pod with a sidecar of its own. */
export function meshYaml(workload: BenchWorkload): string {
  const client = deploymentYaml('client', 1, { app: 'client' })
  return [client, ...workload.services.flatMap(serviceYaml)].join('---\n')
}

/** What the application of a service does: exponential work of mean 1 s, then its calls, all at once. */
export function behaviourOf(service: BenchService): BehaviourSpec {
  const callsOf = (version: Version) =>
    version.calls.map(name => ({
      url: `http://${name}:${PORT}/`,
      retryOn: 'no-answer' as const,
      onFailure: { ignore: true as const },
    }))
  return {
    workers: service.workers,
    holdWorker: 'work',
    serviceTime: { exponential: '1s' },
    connections: 'keep-alive',
    callOrder: 'parallel',
    calls: callsOf(service.versions[0]!),
    routes: service.versions.slice(1).map((version, i) => ({
      header: { name: VERSION_HEADER, value: `v${i + 2}` },
      calls: callsOf(version),
    })),
  }
}

function deploymentYaml(name: string, replicas: number, labels: Record<string, string>): string {
  const lines = Object.entries(labels).map(([key, value]) => `        ${key}: "${value}"\n`)
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: default
spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
${lines.join('')}    spec:
      containers:
      - name: app
        image: ${name}
        ports:
        - containerPort: ${PORT}
`
}

function serviceYaml(service: BenchService): string[] {
  const { name } = service
  const labels: Record<string, string> = { app: name }
  service.versions.forEach((_, i) => {
    labels[`serves-v${i + 1}`] = 'yes'
  })
  const subsets = service.versions.map((_, i) => `  - name: v${i + 1}\n    labels:\n      serves-v${i + 1}: "yes"\n`)
  const destinations = service.versions.map(
    (version, i) => `    - destination:
        host: ${name}
        subset: v${i + 1}
      weight: ${version.weight}
      headers:
        request:
          set:
            ${VERSION_HEADER}: v${i + 1}
`,
  )
  return [
    deploymentYaml(name, service.replicas, labels),
    `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: default
spec:
  selector:
    app: ${name}
  ports:
  - name: http
    port: ${PORT}
    targetPort: ${PORT}
`,
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: ${name}
  namespace: default
spec:
  host: ${name}
  trafficPolicy:
    loadBalancer:
      simple: ROUND_ROBIN
  subsets:
${subsets.join('')}`,
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: default
spec:
  hosts:
  - ${name}
  http:
  - retries:
      attempts: 1
      perTryTimeout: ${service.timeoutSeconds}s
      retryOn: gateway-error
    route:
${destinations.join('')}`,
  ]
}
