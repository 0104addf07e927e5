// SIM0603: tries and timeouts that do not fit into each other (Envoy: router.cc, FilterUtility::finalTimeout;
// retry_state_impl.cc, wouldRetryFromReset).

import type { HTTPRoute, VirtualService } from '../resources/networking/virtual-service.ts'
import { parseProtoDuration } from '../resources/proto-duration.ts'
import type { Resource } from '../resources/types.ts'
import { CallGraph, type Hop } from './call-graph.ts'
import { count, type LintedMesh, type Linter } from './types.ts'

/** Seconds; 0 when absent. */
const secondsOf = (text: string | undefined): number =>
  text === undefined ? 0 : (parseProtoDuration(text) ?? 0) / 1_000_000_000

/** Conditions under which a try that took too long is tried again. */
const AFTER_TIMEOUT = new Set(['5xx', 'gateway-error', 'reset'])

const retriesSlowTries = (retryOn: string): boolean => retryOn.split(',').some(part => AFTER_TIMEOUT.has(part.trim()))

function checkRoute(mesh: LintedMesh, resource: Resource, index: number, route: HTTPRoute): void {
  const { retries } = route
  const attempts = retries?.attempts ?? 0
  if (retries === undefined || attempts <= 0) return
  const [timeout, perTry] = [secondsOf(route.timeout), secondsOf(retries.perTryTimeout)]
  const at = (...path: (string | number)[]) => ['spec', 'http', index, 'retries', ...path]
  if (perTry > 0 && timeout > 0 && perTry >= timeout) {
    mesh.report(resource, {
      path: at('perTryTimeout'),
      level: 'warning',
      message: `perTryTimeout ${retries.perTryTimeout} never ends a try: the timeout of the whole request, ${route.timeout}, is not longer, so that a slow try leaves no time for another`,
      hint: `let perTryTimeout be at most ${route.timeout} divided by ${attempts + 1} tries`,
    })
  } else if (perTry > 0 && timeout > 0 && perTry * (attempts + 1) > timeout) {
    const begun = Math.ceil(timeout / perTry - 1e-9)
    mesh.report(resource, {
      path: at('attempts'),
      level: 'warning',
      message: `when tries take their ${retries.perTryTimeout} each, only ${begun} of the ${attempts + 1} tries can begin before the timeout of ${route.timeout} ends the request (504 UT)`,
      hint: `${attempts + 1} tries of ${retries.perTryTimeout} need a timeout of ${round(perTry * (attempts + 1))}s or more`,
    })
  }
  if (perTry > 0 && !retriesSlowTries(retries.retryOn ?? '')) {
    mesh.report(resource, {
      path: at('perTryTimeout'),
      level: 'warning',
      message: `a try that exceeds perTryTimeout ${retries.perTryTimeout} is not tried again, the request fails with 504 UT: retryOn ${retries.retryOn === undefined ? "(Istio's default)" : JSON.stringify(retries.retryOn)} names none of the conditions that a timeout meets`,
      hint: 'add one of 5xx, gateway-error or reset to retryOn',
    })
  } else if (perTry === 0 && timeout > 0 && retriesSlowTries(retries.retryOn ?? '')) {
    mesh.report(resource, {
      path: at(),
      level: 'info',
      message: `a try that hangs takes the whole timeout of ${route.timeout}: the ${count(attempts, 'retry', 'retries')} help against quick failures only`,
      hint: `set perTryTimeout, at most ${route.timeout} divided by ${attempts + 1} tries`,
    })
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000

/** How long the caller's proxy waits for one try, in seconds; 0 = for ever. */
function patience({ rule }: Hop): number {
  const [timeout, perTry] = [secondsOf(rule?.route.timeout), secondsOf(rule?.route.retries?.perTryTimeout)]
  return timeout > 0 && perTry > 0 ? Math.min(timeout, perTry) : timeout + perTry
}

/** A service that waits longer for its own calls than its callers wait for it works for nobody. */
function checkChains(mesh: LintedMesh, graph: CallGraph): void {
  const told = new Set<string>()
  for (const outer of graph.hops) {
    const limit = patience(outer)
    if (limit === 0) continue
    for (const inner of graph.onwards(outer.service)) {
      const own = secondsOf(inner.rule?.route.timeout)
      if (inner.rule === null || own <= limit) continue
      const { config, index } = inner.rule
      const key = `${config.namespace}/${config.name}/${index}`
      if (told.has(key)) continue
      told.add(key)
      mesh.report(config.resource, {
        path: ['spec', 'http', index, 'timeout'],
        level: 'warning',
        message: `${inner.call.caller} waits up to ${round(own)}s for ${inner.service.hostname}, but ${outer.call.caller} gives up on ${outer.service.hostname} after ${round(limit)}s: the work after that is for nobody`,
        hint: 'let timeouts become shorter from the edge of the mesh inwards',
      })
    }
  }
}

export const timeouts: Linter = {
  name: 'lint.RetriesAndTimeouts',
  code: 'SIM0603',
  description: 'Checks for tries and timeouts that do not fit into each other, in one rule and along calls.',
  lint(mesh) {
    for (const { resource, spec } of mesh.written<VirtualService>('VirtualService')) {
      for (const [index, route] of (spec.http ?? []).entries()) checkRoute(mesh, resource, index, route)
    }
    checkChains(mesh, new CallGraph(mesh))
  },
}
