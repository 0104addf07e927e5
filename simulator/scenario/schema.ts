// The scenario file: one document `kind: Scenario` beside ordinary YAML of Kubernetes and Istio. What people write is
// checked here once; inside, everything is known to be well formed.
import { z } from 'zod'
import { Expectation } from './expectations/schema.ts'
import { Behaviour, Distribution, Duration, Load } from './schema-apps.ts'
import { TimelineEvent } from './timeline/schema.ts'

const WorkloadBehaviour = z.strictObject({
  /** Deployment's (or Pod's) name; or labels that a pod must carry. */
  name: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** Any when absent. */
  namespace: z.string().optional(),
  behaviour: Behaviour,
})

export const ScenarioDocument = z.strictObject({
  apiVersion: z.literal('meshsim.io/v1alpha1'),
  kind: z.literal('Scenario'),
  metadata: z.strictObject({ name: z.string().min(1) }),
  spec: z.strictObject({
    title: z.string(),
    description: z.string().optional(),
    seed: z.union([z.string(), z.number()]).optional(),
    duration: Duration,
    workloads: z.array(WorkloadBehaviour).optional(),
    loads: z.array(Load).optional(),
    network: z.strictObject({ betweenPods: Distribution.optional(), toSidecar: Distribution.optional() }).optional(),
    timeline: z.array(TimelineEvent).optional(),
    expectations: z.array(Expectation).optional(),
  }),
})

export type WorkloadBehaviourSpec = z.output<typeof WorkloadBehaviour>

/** A scenario that passed all checks. Durations are still text. */
export interface ScenarioSpec extends z.output<typeof ScenarioDocument.shape.spec> {
  name: string
}
