// What istiod's webhook refuses of WasmPlugin and TrafficExtension (istio: pkg/config/validation/validation.go).
import type { TrafficExtension } from '../resources/extensions/traffic-extension.ts'
import type { WasmPlugin } from '../resources/extensions/wasm-plugin.ts'
import type { Loose } from '../resources/loose.ts'
import { requestScheme } from '../resources/request-url.ts'
import { utf8Length } from '../resources/utf8.ts'
import { attachment } from './common.ts'
import type { Refusals } from './refusals.ts'

type Module = Pick<Loose<WasmPlugin>, 'url' | 'sha256' | 'imagePullSecret' | 'pluginName' | 'vmConfig'>

function urlProblem(url: string): string | null {
  if (url === '') return 'url field needs to be set'
  const scheme = requestScheme(url) ?? requestScheme(`http://${url}`)
  if (scheme === null) return `failed to parse url: ${url}`
  return ['', 'file', 'http', 'https', 'oci'].includes(scheme) ? null : `url contains unsupported scheme: ${scheme}`
}

function moduleProblems(module: Module): (string | null)[] {
  const { sha256 = '', imagePullSecret = '', pluginName = '' } = module
  const digest =
    sha256 === '' || /^[a-f0-9]{64}$/.test(sha256)
      ? null
      : sha256.length !== 64
        ? 'sha256 field must be 64 characters long'
        : 'sha256 field must match [a-f0-9]{64} pattern'
  return [
    urlProblem(module.url ?? ''),
    digest,
    utf8Length(imagePullSecret) > 253 ? 'imagePullSecret field must be less than 253 characters long' : null,
    utf8Length(pluginName) > 256 ? 'pluginName field must be less than 255 characters long' : null,
    environmentProblem(module.vmConfig),
  ]
}

function environmentProblem(vm: Module['vmConfig']): string | null {
  const names = new Set<string>()
  for (const { name = '', value, valueFrom = 'INLINE' } of vm?.env ?? []) {
    if (name === '') return 'spec.vmConfig.env invalid'
    if (utf8Length(name) > 256) return 'env.name field must be less than 255 characters long'
    if (names.has(name)) return 'duplicate env'
    names.add(name)
    if (valueFrom !== 'INLINE' && value) return 'value may only be set when valueFrom is INLINE'
  }
  return null
}

function matchProblem(match: Loose<WasmPlugin>['match']): string | null {
  for (const [i, selector] of (match ?? []).entries()) {
    for (const [j, { number = 0 }] of (selector.ports ?? []).entries()) {
      if (number <= 0 || number > 65535) return `spec.Match[${i}].Ports[${j}] is out of range: ${number}`
    }
  }
  return null
}

function report(out: Refusals, problems: readonly (string | null)[]): void {
  for (const problem of problems) if (problem !== null) out.error(['spec'], problem)
}

export function validateWasmPlugin(spec: Loose<WasmPlugin>, out: Refusals): void {
  attachment(spec, out)
  report(out, [...moduleProblems(spec), matchProblem(spec.match)])
}

export function validateTrafficExtension(spec: Loose<TrafficExtension>, out: Refusals): void {
  const { wasm, lua } = spec
  const one = (wasm === undefined) === (lua === undefined)
  out.errorIf(one, ['spec'], 'exactly one of wasm or lua must be set')
  attachment(spec, out)
  if (lua !== undefined) {
    const code = lua.inlineCode ?? ''
    out.errorIf(code === '', ['spec', 'lua'], 'lua.inlineCode cannot be empty')
    out.errorIf(utf8Length(code) > 65536, ['spec', 'lua'], 'lua.inlineCode exceeds maximum size of 64KB')
  }
  if (wasm !== undefined) report(out, moduleProblems(wasm))
  report(out, [matchProblem(spec.match)])
}
