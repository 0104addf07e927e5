// Conditions that rules of every protocol share (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import { labelProblems, portProblem, report } from './common.ts'
import { fqdnProblem, isDnsLabel, subnetProblem } from './hosts.ts'
import type { Refusals } from './refusals.ts'

interface L4Match {
  destinationSubnets?: readonly string[] | undefined
  port?: number | undefined
  sourceLabels?: Readonly<Record<string, string | undefined>> | undefined
  gateways?: readonly string[] | undefined
}

/** `legacyWarns`: whether a gateway's old name is told; istiod loses that warning where it collects errors only. */
export function l4Match(match: L4Match, path: Path, out: Refusals, { legacyWarns = false } = {}): void {
  report(out, path, ...(match.destinationSubnets ?? []).map(subnetProblem))
  if ((match.port ?? 0) !== 0) report(out, path, portProblem(match.port ?? 0))
  report(out, path, ...labelProblems(match.sourceLabels))
  gatewayNames(match.gateways ?? [], path, { legacyWarns }, out)
}

/** Up to the first name without a namespace, which ends the check. Gateways of the Gateway API have longer names. */
export function gatewayNames(
  names: readonly string[],
  path: Path,
  { gatewayApi = false, legacyWarns = true },
  out: Refusals,
): void {
  for (const name of names) {
    const slash = name.indexOf('/')
    if (slash < 0) {
      const [first = '', second = ''] = name.split('.')
      const better = `prefer the <namespace>/<name> format: "${second}/${first}"`
      if (legacyWarns && name.includes('.')) out.warn(path, `using legacy gatewayName format "${name}"; ${better}`)
      report(out, path, fqdnProblem(name))
      return
    }
    const [namespace, own] = [name.slice(0, slash), name.slice(slash + 1)]
    out.errorIf(namespace === '' || own === '', path, 'config namespace and gateway name cannot be empty')
    out.errorIf(!isDnsLabel(namespace), path, `invalid value for namespace: "${namespace}"`)
    out.errorIf(!isDnsLabel(own) && !gatewayApi, path, `invalid value for gateway name: "${own}"`)
  }
}
