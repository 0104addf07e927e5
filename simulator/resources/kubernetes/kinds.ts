// Kubernetes kinds, as far as a mesh cares. Loose objects: the API server knows hundreds of fields that no proxy sees,
// and users' manifests carry them. What is listed is what the registry, injection and the analyzers read.
import { z } from 'zod'
import { ILLEGAL_BASE64 } from '../schema-checks.ts'

export const IntOrString = z.union([z.number(), z.string()])
export type IntOrString = z.infer<typeof IntOrString>

const labels = z.record(z.string(), z.string())

export const LabelSelector = z.looseObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
})
export type LabelSelector = z.infer<typeof LabelSelector>

export const Namespace = z.looseObject({})
export type Namespace = z.infer<typeof Namespace>

export const K8sServicePort = z.looseObject({
  name: z.string().optional(),
  port: z.number(),
  protocol: z.string().optional(),
  appProtocol: z.string().nullish(),
  targetPort: IntOrString.optional(),
  nodePort: z.number().optional(),
})
export type K8sServicePort = z.infer<typeof K8sServicePort>

export const K8sService = z.looseObject({
  type: z.string().optional(),
  clusterIP: z.string().optional(),
  clusterIPs: z.array(z.string()).optional(),
  externalName: z.string().optional(),
  externalIPs: z.array(z.string()).optional(),
  selector: labels.nullish(),
  ports: z.array(K8sServicePort).nullish(),
  publishNotReadyAddresses: z.boolean().optional(),
  internalTrafficPolicy: z.string().optional(),
  externalTrafficPolicy: z.string().optional(),
  trafficDistribution: z.string().optional(),
  sessionAffinity: z.string().optional(),
})
export type K8sService = z.infer<typeof K8sService>

export const ContainerPort = z.looseObject({
  name: z.string().optional(),
  containerPort: z.number(),
  protocol: z.string().optional(),
})
export type ContainerPort = z.infer<typeof ContainerPort>

export const ProbeAction = z.looseObject({
  httpGet: z.looseObject({ path: z.string().optional(), port: IntOrString, scheme: z.string().optional() }).optional(),
  tcpSocket: z.looseObject({ port: IntOrString }).optional(),
  grpc: z.looseObject({ port: z.number(), service: z.string().nullish() }).optional(),
  exec: z.looseObject({ command: z.array(z.string()).optional() }).optional(),
  initialDelaySeconds: z.number().optional(),
  periodSeconds: z.number().optional(),
  timeoutSeconds: z.number().optional(),
  successThreshold: z.number().optional(),
  failureThreshold: z.number().optional(),
})
export type ProbeAction = z.infer<typeof ProbeAction>

export const Container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).nullish(),
  ports: z.array(ContainerPort).nullish(),
  readinessProbe: ProbeAction.optional(),
  livenessProbe: ProbeAction.optional(),
  startupProbe: ProbeAction.optional(),
  restartPolicy: z.string().optional(),
  resources: z.looseObject({}).optional(),
  securityContext: z.looseObject({}).nullish(),
})
export type Container = z.infer<typeof Container>

export const PodSpec = z.looseObject({
  containers: z.array(Container).nullish(),
  initContainers: z.array(Container).nullish(),
  serviceAccountName: z.string().optional(),
  serviceAccount: z.string().optional(),
  hostNetwork: z.boolean().optional(),
  nodeName: z.string().optional(),
  nodeSelector: labels.nullish(),
  terminationGracePeriodSeconds: z.number().nullish(),
  hostname: z.string().optional(),
  subdomain: z.string().optional(),
})
export type PodSpec = z.infer<typeof PodSpec>

export const Pod = PodSpec
export type Pod = PodSpec

export const TemplateMetadata = z.looseObject({ labels: labels.nullish(), annotations: labels.nullish() })
export type TemplateMetadata = z.infer<typeof TemplateMetadata>

export const PodTemplate = z.looseObject({ metadata: TemplateMetadata.nullish(), spec: PodSpec.optional() })
export type PodTemplate = z.infer<typeof PodTemplate>

/** Deployment, ReplicaSet, StatefulSet, DaemonSet, Job: a template and how often it runs. */
export const PodController = z.looseObject({
  replicas: z.number().nullish(),
  selector: LabelSelector.optional(),
  template: PodTemplate.optional(),
  serviceName: z.string().optional(),
  strategy: z.looseObject({}).nullish(),
  minReadySeconds: z.number().optional(),
})
export type PodController = z.infer<typeof PodController>
export type Deployment = PodController
export type StatefulSet = PodController
export type DaemonSet = PodController
export type ReplicaSet = PodController

export const ServiceAccount = z.looseObject({})
export type ServiceAccount = z.infer<typeof ServiceAccount>

/** As Go's encoding/json reads bytes: padded base64, line breaks aside. */
const base64 = z
  .string()
  .refine(
    text => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, '')),
    {
      error: ILLEGAL_BASE64,
    },
  )

export const Secret = z.looseObject({
  type: z.string().optional(),
  data: z.record(z.string(), base64.nullable()).nullish(),
  stringData: z.record(z.string(), z.string()).nullish(),
})
export type Secret = z.infer<typeof Secret>

export const ConfigMap = z.looseObject({
  data: z.record(z.string(), z.string()).nullish(),
  binaryData: z.record(z.string(), z.string()).nullish(),
})
export type ConfigMap = z.infer<typeof ConfigMap>

export const EndpointSlice = z.looseObject({
  addressType: z.string().optional(),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z
          .looseObject({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .nullish(),
        hostname: z.string().optional(),
        nodeName: z.string().optional(),
        zone: z.string().optional(),
        targetRef: z
          .looseObject({
            kind: z.string().optional(),
            name: z.string().optional(),
            namespace: z.string().optional(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  ports: z
    .array(
      z.looseObject({
        name: z.string().nullish(),
        port: z.number().nullish(),
        protocol: z.string().nullish(),
        appProtocol: z.string().nullish(),
      }),
    )
    .nullish(),
})
export type EndpointSlice = z.infer<typeof EndpointSlice>

const EndpointAddress = z.looseObject({
  ip: z.string(),
  hostname: z.string().optional(),
  nodeName: z.string().optional(),
  targetRef: z
    .looseObject({ kind: z.string().optional(), name: z.string().optional(), namespace: z.string().optional() })
    .nullish(),
})

export const Endpoints = z.looseObject({
  subsets: z
    .array(
      z.looseObject({
        addresses: z.array(EndpointAddress).nullish(),
        notReadyAddresses: z.array(EndpointAddress).nullish(),
        ports: z
          .array(z.looseObject({ name: z.string().optional(), port: z.number(), protocol: z.string().optional() }))
          .nullish(),
      }),
    )
    .nullish(),
})
export type Endpoints = z.infer<typeof Endpoints>

const IngressBackend = z.looseObject({
  service: z
    .looseObject({
      name: z.string(),
      port: z.looseObject({ number: z.number().optional(), name: z.string().optional() }).optional(),
    })
    .optional(),
})

export const Ingress = z.looseObject({
  ingressClassName: z.string().optional(),
  defaultBackend: IngressBackend.optional(),
  tls: z.array(z.looseObject({ hosts: z.array(z.string()).nullish(), secretName: z.string().optional() })).nullish(),
  rules: z
    .array(
      z.looseObject({
        host: z.string().optional(),
        http: z
          .looseObject({
            paths: z.array(
              z.looseObject({ path: z.string().optional(), pathType: z.string().optional(), backend: IngressBackend }),
            ),
          })
          .optional(),
      }),
    )
    .nullish(),
})
export type Ingress = z.infer<typeof Ingress>

/** Kinds that a mesh reads nothing from but whose presence is no mistake. */
export const Opaque = z.looseObject({})
