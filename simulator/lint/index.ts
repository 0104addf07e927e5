// The door: what a mesh will do that its author did not mean.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { MeshSnapshot } from '../registry/index.ts'
import { amplification } from './amplification.ts'
import { authorization } from './authorization.ts'
import { filters } from './filters.ts'
import { mutualTls } from './mutual-tls.ts'
import { sniffing } from './sniffing.ts'
import { subsets } from './subsets.ts'
import { timeouts } from './timeouts.ts'
import { type Call, LintedMesh, type Linter } from './types.ts'
import { unreachable } from './unreachable.ts'
import { weights } from './weights.ts'

export type { Call, Linter } from './types.ts'

/** By code. */
export const linters: readonly Linter[] = [
  unreachable,
  weights,
  timeouts,
  amplification,
  subsets,
  mutualTls,
  authorization,
  sniffing,
  filters,
]

/** `calls`: who calls whom, as a scenario tells; without them only what single objects say is judged. */
export function lintMesh(snapshot: MeshSnapshot, calls: readonly Call[] = []): Diagnostic[] {
  const mesh = new LintedMesh(snapshot, calls)
  for (const linter of linters) mesh.run(linter)
  return mesh.findings
}
