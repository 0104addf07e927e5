// A linter, and where it reports.
import type { Diagnostic, Level, Path } from '../diagnostics/types.ts'
import type { MeshSnapshot, Workload } from '../registry/index.ts'
import { resourceName } from '../resources/resource-name.ts'
import { suppresses } from '../resources/suppression.ts'
import type { Resource } from '../resources/types.ts'

/** One workload sends requests to a host: while it serves a request, or by itself. */
export interface Call {
  /** `workload.namespace`. */
  caller: string
  /** The caller's pods, one at least; a gateway's when it forwards what comes from outside. */
  pods: readonly [Workload, ...Workload[]]
  /** Host as the caller says it, without port. */
  host: string
  port: number
  /** Path without query. */
  path: string
  /** Requests that one served request leads to at most, by the caller's own tries and copies; 1 or more. */
  times: number
}

export interface Linter {
  name: string
  code: string
  description: string
  lint(mesh: LintedMesh): void
}

export interface Remark {
  path: Path
  level: Level
  message: string
  hint: string
}

export interface Written<Spec> {
  resource: Resource
  spec: Spec
  namespace: string
}

/** The snapshot, and the findings of the linter at work. */
export class LintedMesh {
  readonly snapshot: MeshSnapshot
  readonly calls: readonly Call[]
  readonly findings: Diagnostic[] = []
  private code = ''
  private readonly byKind = new Map<string, Written<unknown>[]>()

  constructor(snapshot: MeshSnapshot, calls: readonly Call[]) {
    this.snapshot = snapshot
    this.calls = calls
  }

  run(linter: Linter): void {
    this.code = linter.code
    linter.lint(this)
  }

  /** Objects of one of Istio's kinds as they are written, in order of arrival. */
  written<Spec>(kind: string): Written<Spec>[] {
    let found = this.byKind.get(kind)
    if (found === undefined) {
      found = this.snapshot.input.resources
        .filter(resource => resource.kind === kind && resource.apiVersion.split('/')[0]?.endsWith('.istio.io'))
        .map(resource => ({ resource, spec: resource.spec, namespace: resource.metadata.namespace }))
      this.byKind.set(kind, found)
    }
    // the loader has decoded each spec as its kind's message
    return found as Written<Spec>[]
  }

  report(resource: Resource, { path, level, message, hint }: Remark): void {
    if (suppresses(resource, this.code)) return
    this.findings.push({
      code: this.code,
      level,
      message,
      resource: resourceName(resource),
      path,
      at: resource.locate(path),
      hint,
    })
  }
}

/** `1 endpoint`, `2 endpoints`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most)
  const rest = names.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`
}
