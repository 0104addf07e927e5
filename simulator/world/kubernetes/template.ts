// What a pod's template says of its life: probes, hooks, grace (Kubernetes API, PodSpec and Container).
import type { SimTime } from '../../engine/index.ts'
import type { Resource } from '../../resources/types.ts'
import { type Fields, fields, list, number, text, texts } from '../fields.ts'

const SECOND = 1_000_000

export interface PodLife {
  /** First look of the readiness probe after the start, and then every period; µs. */
  readinessDelay: SimTime
  readinessPeriod: SimTime
  /** Sleep before the application is told to stop; 0 = no preStop hook. */
  preStop: SimTime
  /** From the deletion until everything is killed. */
  grace: SimTime
  /** The sidecar is an init container: it starts before the application and ends after it. */
  nativeSidecar: boolean
  /** Classic sidecar: the application waits until the proxy is ready. */
  hold: boolean
  /** Classic sidecar: from SIGTERM to its end, at least and (unless it waits for its connections) at most. */
  drain: SimTime
}

/** Read from the template of a Deployment or StatefulSet. */
export function lifeOf(owner: Resource): PodLife {
  const template = fields(fields(owner.spec).template)
  const annotations = texts(fields(template.metadata).annotations)
  const spec = fields(template.spec)
  const app = fields(list(spec.containers).find(c => text(fields(c).name) !== 'istio-proxy'))
  const probe = fields(app.readinessProbe)
  const config = annotations['proxy.istio.io/config'] ?? ''
  const said = (name: string): string => new RegExp(`${name}["']?\\s*:\\s*["']?([\\w.]+)`).exec(config)?.[1] ?? ''
  return {
    readinessDelay: number(probe.initialDelaySeconds, 0) * SECOND,
    readinessPeriod: Math.max(1, number(probe.periodSeconds, 10)) * SECOND,
    preStop: sleepOf(fields(fields(app.lifecycle).preStop)) * SECOND,
    grace: number(spec.terminationGracePeriodSeconds, 30) * SECOND,
    nativeSidecar: annotations['sidecar.istio.io/nativeSidecar'] !== 'false',
    hold: said('holdApplicationUntilProxyStarts') === 'true',
    drain: (Number(said('terminationDrainDuration').replace(/s$/, '')) || 5) * SECOND,
  }
}

/** Seconds of `sleep: { seconds: n }`, or of an exec of `sleep n`. */
function sleepOf(hook: Fields): number {
  const seconds = number(fields(hook.sleep).seconds, 0)
  if (seconds > 0) return seconds
  const command = list(fields(hook.exec).command).map(text).join(' ')
  return Number(/\bsleep\s+(\d+(?:\.\d+)?)/.exec(command)?.[1] ?? 0)
}
