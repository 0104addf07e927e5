// What a pod's template says of its life: probes, hooks, grace (Kubernetes API, PodSpec and Container).
import type { SimTime } from '../../engine/index.ts'
import type { Resource } from '../../resources/types.ts'
import { type Fields, fields, list, number, text, texts } from '../fields.ts'
import { type Placement, placementOf } from './nodes.ts'
import type { ProbeSpec } from './probe.ts'

const SECOND = 1_000_000

export interface PodLife {
  placement: Placement
  /** The application container's probes; null = none. */
  readiness: ProbeSpec | null
  liveness: ProbeSpec | null
  startup: ProbeSpec | null
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

/** `Kind namespace/name`. */
export const ownerKey = ({ kind, metadata }: Resource): string => `${kind} ${metadata.namespace}/${metadata.name}`

/** Labels of the template's pods. */
export const labelsOf = (owner: Resource): Record<string, string> =>
  texts(fields(fields(fields(owner.spec).template).metadata).labels)

/** Read from the template of a Deployment or StatefulSet. */
export function lifeOf(owner: Resource): PodLife {
  const template = fields(fields(owner.spec).template)
  const annotations = texts(fields(template.metadata).annotations)
  const spec = fields(template.spec)
  const app = fields(list(spec.containers).find(c => text(fields(c).name) !== 'istio-proxy'))
  const config = annotations['proxy.istio.io/config'] ?? ''
  const said = (name: string): string => new RegExp(`${name}["']?\\s*:\\s*["']?([\\w.]+)`).exec(config)?.[1] ?? ''
  return {
    placement: placementOf(ownerKey(owner), spec, owner.kind === 'DaemonSet'),
    readiness: probeOf(app.readinessProbe),
    liveness: probeOf(app.livenessProbe),
    startup: probeOf(app.startupProbe),
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

/** A probe with Kubernetes' defaults: every 10 s, 1 s of patience, one success, three failures. */
function probeOf(value: unknown): ProbeSpec | null {
  if (typeof value !== 'object' || value === null) return null
  const probe = fields(value)
  return {
    path: probe.httpGet === undefined ? '' : text(fields(probe.httpGet).path) || '/',
    delay: number(probe.initialDelaySeconds, 0) * SECOND,
    period: Math.max(1, number(probe.periodSeconds, 10)) * SECOND,
    timeout: Math.max(1, number(probe.timeoutSeconds, 1)) * SECOND,
    successThreshold: Math.max(1, number(probe.successThreshold, 1)),
    failureThreshold: Math.max(1, number(probe.failureThreshold, 3)),
  }
}
