// The order of what a handling does for a request: `calls` and isotope's `script` are both steps, each step done at once.
import { checkDistribution, compileDistribution, parseDuration, type RandomStream } from '../../engine/index.ts'
import type { Step } from './compile.ts'
import type { CallSpec, HandlingSpec, IsotopeCall, ScriptAction, ScriptStep } from './types.ts'
import { parseUrl } from './url.ts'

/** Port of a service in isotope's topologies. */
const ISOTOPE_PORT = 8080

/** What is wrong with a script, or null. */
export function checkScript(handling: HandlingSpec): { path: (string | number)[]; message: string } | null {
  if (handling.script === undefined) return null
  if (handling.calls !== undefined) return { path: ['script'], message: 'give either calls or script' }
  for (const [i, step] of handling.script.entries()) {
    for (const [n, action] of actionsOf(step).entries()) {
      const path = Array.isArray(step) ? ['script', i, n] : ['script', i]
      const wrong = checkAction(action)
      if (wrong !== null) return { path, message: wrong }
    }
  }
  return null
}

function checkAction(action: ScriptAction): string | null {
  if ('sleep' in action) return checkDistribution(action.sleep)
  const service = serviceOf(action.call)
  if (service !== null && !/^[\w.-]+$/.test(service)) return `"${service}" is no name of a service`
  const { url, timeout } = callOf(action.call)
  if (parseUrl(url) === null) return `"${url}" is not http://host[:port]/path`
  if (timeout !== undefined && !((parseDuration(timeout) ?? 0) > 0)) return `"${timeout}" is not a positive duration`
  return null
}

/** Every call that a handling may make, in order. */
export function callsOfHandling(handling: HandlingSpec): CallSpec[] {
  const actions = (handling.script ?? []).flatMap(actionsOf)
  return [...(handling.calls ?? []), ...actions.flatMap(action => ('call' in action ? [callOf(action.call)] : []))]
}

/** All calls in order, and the steps that make them. */
export function stepsOf(handling: HandlingSpec, dice: RandomStream): { calls: CallSpec[]; steps: Step[] } {
  const plain = handling.calls ?? []
  if (handling.script === undefined) {
    const indices = plain.map((_call, i) => i)
    const together = handling.callOrder === 'parallel' ? [indices] : indices.map(i => [i])
    const groups = together.filter(calls => calls.length > 0)
    return { calls: plain, steps: groups.map(group => stepOf(group, plain, null)) }
  }
  const calls: CallSpec[] = []
  const steps = handling.script.map((step): Step => {
    const actions = actionsOf(step)
    const made = actions.flatMap(action => ('call' in action ? [calls.push(callOf(action.call)) - 1] : []))
    const sleeps = actions.flatMap(action => ('sleep' in action ? [compileDistribution(action.sleep, dice)] : []))
    return stepOf(made, calls, longestOf(sleeps))
  })
  return { calls, steps }
}

function stepOf(indices: readonly number[], calls: readonly CallSpec[], sleep: (() => number) | null): Step {
  return { calls: indices, certain: indices.every(i => (calls[i]?.probability ?? 1) >= 1), sleep }
}

/** Pauses beside each other last as long as the longest. */
function longestOf(sleeps: readonly (() => number)[]): (() => number) | null {
  if (sleeps.length <= 1) return sleeps[0] ?? null
  return () => Math.max(...sleeps.map(sleep => sleep()))
}

const actionsOf = (step: ScriptStep): ScriptAction[] => (Array.isArray(step) ? step : [step])

/** Null where the call gives a URL itself. */
function serviceOf(call: string | IsotopeCall | CallSpec): string | null {
  if (typeof call === 'string') return call
  return 'service' in call ? call.service : null
}

function callOf(call: string | IsotopeCall | CallSpec): CallSpec {
  if (typeof call === 'string') return { url: `http://${call}:${ISOTOPE_PORT}/` }
  if ('url' in call) return call
  const { service, size = 0, probability } = call
  return {
    url: `http://${service}:${ISOTOPE_PORT}/`,
    ...(size > 0 ? { method: 'POST', body: '0'.repeat(size) } : {}),
    ...(probability === undefined ? {} : { probability: probability / 100 }),
  }
}
