// The scenario file: one document `kind: Scenario` beside ordinary YAML of Kubernetes and Istio. What people write is
// checked here once; inside, everything is known to be well formed.
import { z } from 'zod'
import { Behaviour, Distribution, Duration, Load } from './schema-apps.ts'

/** Which requests an expectation looks at. With `load`: as that client saw them; else as the caller's proxy did. */
const Selector = z.strictObject({
  load: z.string().optional(),
  /** Label `app` of the caller; `internet` has no proxy, use `load` there. */
  source: z.string().optional(),
  /** Service called, by its first name. */
  destination: z.string().optional(),
  /** Version that answered. */
  version: z.string().optional(),
  path: z.string().optional(),
})

/** What must be true of one request; all that is named must hold. */
const Condition = z.strictObject({
  status: z.number().int().min(0).max(599).optional(),
  /** A response flag of Envoy such as UO or DI; '-' = none. Proxies see flags, clients do not. */
  flag: z.string().optional(),
  version: z.string().optional(),
  details: z.string().optional(),
  bodyContains: z.string().optional(),
  bodyLacks: z.string().optional(),
  /** Both ends belong to it. */
  latency: z.tuple([Duration, Duration]).optional(),
})

const Check = z.union([
  /** A binomial share: the count of answers by `version` lies within `sigmas` standard deviations (4 when absent) of n*is. */
  z.strictObject({
    share: z.strictObject({
      of: Selector,
      version: z.string(),
      is: z.number().min(0).max(1),
      sigmas: z.number().positive().optional(),
    }),
  }),
  z.strictObject({
    errorRate: z.strictObject({
      of: Selector,
      max: z.number().min(0).max(1),
      min: z.number().min(0).max(1).optional(),
    }),
  }),
  z.strictObject({
    latency: z.strictObject({
      of: Selector,
      percentile: z.number().gt(0).max(100),
      max: Duration.optional(),
      min: Duration.optional(),
    }),
  }),
  z.strictObject({
    count: z.strictObject({
      of: Selector,
      is: Condition.optional(),
      equals: z.number().int().min(0).optional(),
      min: z.number().int().min(0).optional(),
      max: z.number().int().min(0).optional(),
    }),
  }),
  z.strictObject({ always: z.strictObject({ of: Selector, is: Condition }) }),
  z.strictObject({ never: z.strictObject({ of: Selector, is: Condition }) }),
  z.strictObject({ eventually: z.strictObject({ of: Selector, is: Condition }) }),
])

/** Requests that began in [from, to) count; the whole run when absent. */
const Window = { name: z.string().min(1), from: Duration.optional(), to: Duration.optional() }

/** `expect` holds the check, so that name and window stand beside it. */
const Expectation = z.strictObject({ ...Window, expect: Check })

const TimelineEvent = z.strictObject({
  at: Duration,
  note: z.string().optional(),
  /** YAML documents, inline. */
  apply: z.string().optional(),
  /** A file beside scenario.yaml. */
  applyFile: z.string().optional(),
  delete: z.array(z.strictObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).optional(),
  /** New rate of an open loop, requests per second. */
  rate: z.strictObject({ load: z.string(), perSecond: z.number().min(0) }).optional(),
  /** Pods (`name.namespace`) that die. */
  kill: z.array(z.string()).optional(),
})

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

export type SelectorSpec = z.output<typeof Selector>
export type ConditionSpec = z.output<typeof Condition>
export type CheckSpec = z.output<typeof Check>
export type ExpectationSpec = z.output<typeof Expectation>
export type TimelineEventSpec = z.output<typeof TimelineEvent>
export type WorkloadBehaviourSpec = z.output<typeof WorkloadBehaviour>

/** A scenario that passed all checks. Durations are still text. */
export interface ScenarioSpec extends z.output<typeof ScenarioDocument.shape.spec> {
  name: string
}
