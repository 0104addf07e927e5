// A mesh of YAML, one request at a time: what its client got, and everything that was observed of it.
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import type { ClientRecord } from '../../../simulator/observation/types.ts'
import { createSimulation, type Simulation } from '../../../simulator/scenario/index.ts'
import type { ScenarioSpec } from '../../../simulator/scenario/schema.ts'

export interface Ask {
  /** `name.namespace` of a pod. */
  from: string
  url: string
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Over TCP: the line that is sent. */
  send?: string
  /** Virtual time, e.g. 30s. */
  at?: string
  via?: string
}

export interface Outcome {
  simulation: Simulation
  recorder: MemoryRecorder
  /** In order of the questions. */
  answers: ClientRecord[]
}

type Settings = Partial<Pick<ScenarioSpec, 'workloads' | 'externalHosts' | 'timeline' | 'duration'>>

export function ask(yaml: string, asks: readonly Ask[], settings: Settings = {}): Outcome {
  const recorder = new MemoryRecorder()
  const scenario: ScenarioSpec = {
    name: 'test',
    title: 'test',
    duration: settings.duration ?? '60s',
    ...settings,
    loads: asks.map(({ from, url, method, headers, body, send, at, via }, i) => ({
      name: `ask-${i}`,
      source: from,
      ...(via === undefined ? {} : { via }),
      start: at ?? '1s',
      count: 1,
      pattern: { constant: 1 },
      connections: 'fresh' as const,
      requests: [
        {
          url,
          ...(method === undefined ? {} : { method }),
          ...(headers === undefined ? {} : { headers }),
          ...(body === undefined ? {} : { body }),
          ...(send === undefined ? {} : { send }),
        },
      ],
    })),
  }
  const { simulation, diagnostics } = createSimulation({
    scenario,
    files: [{ name: 'mesh.yaml', content: yaml }],
    recorder,
  })
  if (simulation === null) throw new Error(diagnostics.map(d => d.message).join('\n'))
  simulation.runUntil(simulation.duration)
  const answers = asks.map((_, i) => recorder.of('client').find(record => record.source === `ask-${i}`)!)
  return { simulation, recorder, answers }
}

/** Service and pod of a name; `port` is `NAME:NUMBER`. */
export const workload = (name: string, port = 'http:8000', more = ''): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec: { selector: { app: ${name} }, ports: [{ name: ${port.split(':')[0]}, port: ${port.split(':')[1]} }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${name}, namespace: default }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} }${more} }
spec: { serviceAccountName: ${name}, containers: [{ name: app, ports: [{ containerPort: ${port.split(':')[1]} }] }] }
---
`
