// The scenario file: one document `kind: Scenario` beside ordinary YAML of Kubernetes and Istio. What people write is
// checked here once; inside, everything is known to be well formed.
import { z } from 'zod'
import type { LoadSpec } from '../world/load/index.ts'
import { Expectation } from './expectations/schema.ts'
import { Behaviour, Distribution, Duration, Load, ReplayedLoad, ServerCertificate } from './schema-apps.ts'
import { TimelineEvent } from './timeline/schema.ts'

const WorkloadBehaviour = z.strictObject({
  /** Deployment's (or Pod's) name; or labels that a pod must carry. */
  name: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** Any when absent. */
  namespace: z.string().optional(),
  behaviour: Behaviour,
})

const Port = z.number().int().min(1).max(65535)

const ExternalHost = z.strictObject({
  name: z.string().min(1),
  hosts: z.array(z.string().min(1)).min(1).describe('DNS names that lead to it.'),
  ip: z.ipv4().optional().describe('Its address; one of 198.51.100.0/24 when absent.'),
  ports: z.array(Port).min(1).describe('Where it speaks plain HTTP (or what `behaviour.tcp` says).'),
  behaviour: Behaviour.optional(),
  tls: z
    .strictObject({
      ports: z.array(Port).min(1),
      certificate: ServerCertificate.optional().describe('For its hosts, of a public authority, when absent.'),
      behaviour: Behaviour.optional().describe('As on the plain ports when absent.'),
    })
    .optional()
    .describe('Where it speaks TLS, with which certificate.'),
})

const Seed = z.union([z.string(), z.number()])

export const ScenarioDocument = z.strictObject({
  apiVersion: z.literal('meshsim.io/v1alpha1'),
  kind: z.literal('Scenario'),
  metadata: z.strictObject({ name: z.string().min(1) }),
  spec: z.strictObject({
    title: z.string().describe('One line, shown in lists and on top of reports.'),
    description: z.string().optional(),
    seed: Seed.optional().describe('Of all dice; "1" when absent.'),
    duration: Duration.describe('Virtual time to run, such as 90s.'),
    workloads: z
      .array(WorkloadBehaviour)
      .optional()
      .describe('What the applications do; one that nobody describes answers 200 with its name at once.'),
    externalHosts: z.array(ExternalHost).optional().describe('Hosts outside the cluster that applications may call.'),
    loads: z
      .array(z.union([Load, ReplayedLoad]))
      .optional()
      .describe('Who sends requests. Without any, each route of the gateways is asked for.'),
    /** The control plane; `latency` is between it and a proxy, one way. */
    istiod: z
      .strictObject({
        replicas: z.number().int().min(1).optional(),
        cores: z.number().int().min(1).optional(),
        latency: Distribution.optional(),
      })
      .optional(),
    network: z
      .strictObject({ betweenPods: Distribution.optional(), toSidecar: Distribution.optional() })
      .optional()
      .describe('Latency one way, per message.'),
    timeline: z.array(TimelineEvent).optional().describe('What happens at a time, or when a condition holds.'),
    expectations: z.array(Expectation).optional().describe('What must be true; judged when the run ends.'),
  }),
})

export type ExternalHostSpec = z.output<typeof ExternalHost>

/** Its own address, else one of 198.51.100.0/24 (RFC 5737: for documentation) in order of the file. */
export const externalAddress = ({ ip }: Pick<ExternalHostSpec, 'ip'>, index: number): string =>
  ip ?? `198.51.100.${index + 1}`

export type WorkloadBehaviourSpec = z.output<typeof WorkloadBehaviour>

/** A scenario that passed all checks; what it names in other files is in it. Durations are still text. */
export interface ScenarioSpec extends Omit<z.output<typeof ScenarioDocument.shape.spec>, 'loads'> {
  name: string
  loads?: LoadSpec[] | undefined
}

/** The scenario file as JSON Schema (draft 2020-12), for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ScenarioDocument, { io: 'input', unrepresentable: 'any', reused: 'ref' })
  return { ...schema, title: 'meshsim scenario' }
}
