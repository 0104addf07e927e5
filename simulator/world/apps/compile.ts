// A behaviour made ready: durations read, dice at hand, routes in order. Built when a behaviour is set, used for every
// request. A spec must be valid (`checkBehaviour`); what users wrote is checked where it is read.
import {
  checkDistribution,
  compileDistribution,
  invariant,
  parseDuration,
  type RandomStream,
} from '../../engine/index.ts'
import type { HeaderLines, HttpRequest } from '../../wire/types.ts'
import { headerOf } from './headers.ts'
import { checkScript, stepsOf } from './script.ts'
import type { BehaviourSpec, CallFailure, CallSpec, HandlingSpec, RouteSpec } from './types.ts'
import { parseUrl, type Target } from './url.ts'

/** Dice of one application, each kind of decision its own stream. */
export interface ApplicationDice {
  serviceTime: RandomStream
  errors: RandomStream
  resets: RandomStream
  calls: RandomStream
}

export interface Call {
  name: string
  target: Target
  method: string
  timeoutUs: number
  attempts: number
  retryOn: 'non-200' | '5xx' | 'no-answer'
  headers: HeaderLines
  forward: ReadonlySet<string>
  body: string
  onFailure: CallFailure
  probability: number
  copies: number
}

/** What is done at once: calls (indices into the handling's) and a pause beside them. */
export interface Step {
  calls: readonly number[]
  /** All of them are made for every request. */
  certain: boolean
  sleep: (() => number) | null
}

export interface Handling {
  spec: HandlingSpec
  path: string | null
  prefix: string | null
  method: string | null
  header: { name: string; value: string } | null
  serviceTime: (() => number) | null
  headers: HeaderLines
  /** All calls of all steps. */
  calls: readonly Call[]
  steps: readonly Step[]
  togglePeriodUs: number
  /** Requests seen since the behaviour was set. */
  seen: number
}

export interface Behaviour {
  spec: BehaviourSpec
  /** Idle connections are closed after so many µs; 0 = never. */
  idleUs: number
  routes: readonly Handling[]
  fallback: Handling
  /** What a probe gets whose path no route names. */
  healthy: Handling
}

/** What a sensible application copies from the request it serves to those it makes. */
export const PROPAGATED: readonly string[] = [
  'x-request-id',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'b3',
  'traceparent',
  'tracestate',
  'x-ot-span-context',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-cloud-trace-context',
  'grpc-trace-bin',
  'sw8',
  'user-agent',
  'cookie',
  'authorization',
  'jwt',
  'end-user',
]

/** Also copied by an application that its callers may steer. */
const STEERING: readonly string[] = ['x-app-only', 'x-app-status', 'x-app-delay-ms']

/** What is wrong with a behaviour: field and sentence of the first mistake, or null. */
export function checkBehaviour(spec: BehaviourSpec): { path: (string | number)[]; message: string } | null {
  if (spec.startUp !== undefined && microseconds(spec.startUp) < 0)
    return { path: ['startUp'], message: `"${spec.startUp}" is no duration` }
  for (const [i, handling] of [spec as HandlingSpec, ...(spec.routes ?? [])].entries()) {
    const at = i === 0 ? [] : ['routes', i - 1]
    if (handling.serviceTime !== undefined) {
      const wrong = checkDistribution(handling.serviceTime)
      if (wrong !== null) return { path: [...at, 'serviceTime'], message: wrong }
    }
    if (handling.toggle !== undefined && !(microseconds(handling.toggle.period) > 0))
      return { path: [...at, 'toggle', 'period'], message: `"${handling.toggle.period}" is not a positive duration` }
    const script = checkScript(handling)
    if (script !== null) return { path: [...at, ...script.path], message: script.message }
    for (const [n, call] of (handling.calls ?? []).entries()) {
      if (parseUrl(call.url) === null)
        return { path: [...at, 'calls', n, 'url'], message: `"${call.url}" is not http://host[:port]/path` }
      if (call.timeout !== undefined && !(microseconds(call.timeout) > 0))
        return { path: [...at, 'calls', n, 'timeout'], message: `"${call.timeout}" is not a positive duration` }
    }
  }
  return null
}

export function compileBehaviour(spec: BehaviourSpec, dice: ApplicationDice): Behaviour {
  const wrong = checkBehaviour(spec)
  invariant(wrong === null, `behaviour: ${wrong?.path.join('.')}: ${wrong?.message}`)
  return {
    spec,
    idleUs: spec.idleTimeout === undefined ? 0 : microseconds(spec.idleTimeout),
    routes: (spec.routes ?? []).map(route => compileHandling({ ...withoutRoutes(spec), ...route }, spec, dice)),
    fallback: compileHandling(spec, spec, dice),
    healthy: compileHandling({}, spec, dice),
  }
}

/** The first route that matches path, method and header, else the behaviour's own answers. */
export function handlingFor(behaviour: Behaviour, request: HttpRequest): Handling {
  if (behaviour.routes.length === 0) return behaviour.fallback
  const { method, path } = request
  const query = path.indexOf('?')
  const bare = query < 0 ? path : path.slice(0, query)
  for (const route of behaviour.routes) {
    if (route.path !== null && route.path !== bare) continue
    if (route.prefix !== null && !bare.startsWith(route.prefix)) continue
    if (route.method !== null && route.method !== method) continue
    if (route.header !== null && headerOf(request, route.header.name) !== route.header.value) continue
    return route
  }
  return behaviour.fallback
}

function withoutRoutes(spec: BehaviourSpec): HandlingSpec {
  const { routes: _, ...rest } = spec
  return rest
}

function compileHandling(spec: RouteSpec, behaviour: BehaviourSpec, dice: ApplicationDice): Handling {
  const { calls, steps } = stepsOf(spec, dice.serviceTime)
  return {
    spec,
    path: spec.path ?? null,
    prefix: spec.prefix ?? null,
    method: spec.method ?? null,
    header: spec.header === undefined ? null : { name: spec.header.name.toLowerCase(), value: spec.header.value },
    serviceTime: spec.serviceTime === undefined ? null : compileDistribution(spec.serviceTime, dice.serviceTime),
    headers: headerLines(spec.headers),
    calls: calls.map(call => compileCall(call, behaviour)),
    steps,
    togglePeriodUs: spec.toggle === undefined ? 0 : microseconds(spec.toggle.period),
    seen: 0,
  }
}

function compileCall(spec: CallSpec, behaviour: BehaviourSpec): Call {
  const target = parseUrl(spec.url)
  invariant(target !== null, 'a call needs a URL', { url: spec.url })
  const forward = new Set([...PROPAGATED, ...(behaviour.steerable === true ? STEERING : []), ...(spec.forward ?? [])])
  if (behaviour.session !== undefined) forward.delete('end-user')
  return {
    name: spec.name ?? target.host,
    target,
    method: spec.method ?? 'GET',
    timeoutUs: spec.timeout === undefined ? 0 : microseconds(spec.timeout),
    attempts: spec.attempts ?? 1,
    retryOn: spec.retryOn ?? 'non-200',
    headers: headerLines(spec.headers),
    forward,
    body: spec.body ?? '',
    onFailure: spec.onFailure ?? { passStatus: true },
    probability: spec.probability ?? 1,
    copies: spec.copies ?? 1,
  }
}

function headerLines(headers: Record<string, string> | undefined): HeaderLines {
  return Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
}

function microseconds(text: string): number {
  return parseDuration(text) ?? -1
}
