// Documents of a large mesh, for the time and memory that configuration takes: five resources a service.

/** Resources that one service brings. */
const EACH = 5

const serviceOf = (i: number): string => `apiVersion: v1
kind: Service
metadata: {name: s${i}, namespace: n${i % 50}, labels: {app: s${i}}}
spec:
  selector: {app: s${i}}
  ports:
  - {name: http, port: 80, targetPort: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: s${i}, namespace: n${i % 50}}
spec:
  replicas: 2
  selector: {matchLabels: {app: s${i}}}
  template:
    metadata: {labels: {app: s${i}, version: v1}}
    spec:
      serviceAccountName: s${i}
      containers:
      - {name: app, image: app, ports: [{containerPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: s${i}, namespace: n${i % 50}}
spec:
  host: s${i}
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 100}}
  subsets:
  - {name: v1, labels: {version: v1}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: s${i}, namespace: n${i % 50}}
spec:
  hosts: [s${i}]
  http:
  - match: [{uri: {prefix: /a}}, {headers: {x: {exact: "1"}}}]
    route: [{destination: {host: s${i}, subset: v1}}]
    timeout: 5s
    retries: {attempts: 2, perTryTimeout: 1s, retryOn: 5xx}
  - route: [{destination: {host: s${i}}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: s${i}, namespace: n${i % 50}}
spec:
  selector: {matchLabels: {app: s${i}}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/n${i % 50}/sa/s${i}]}}]
    to: [{operation: {methods: [GET], ports: ["8080"]}}]
`

/** YAML of `resources` resources (a multiple of five, rounded up) in 50 namespaces. */
export function configDocuments(resources: number): string {
  const services = Math.ceil(resources / EACH)
  return Array.from({ length: services }, (_, i) => serviceOf(i)).join('---\n')
}
