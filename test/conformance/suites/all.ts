// Every suite of the oracle and its runner; loaded when asked for, so that one suite pays for itself only.
import type { SuiteRunner } from '../types.ts'

const lazy =
  (load: () => Promise<{ run: SuiteRunner }>): SuiteRunner =>
  async (dir, report) =>
    (await load()).run(dir, report)

export const SUITES: ReadonlyMap<string, SuiteRunner> = new Map([
  ['recorded', lazy(() => import('./recorded.ts'))],
  ['push', lazy(() => import('./push.ts'))],
  ['xds', lazy(() => import('./xds.ts'))],
  ['proxy-config', lazy(() => import('./proxy-config.ts'))],
  ['simulation', lazy(() => import('./simulation.ts'))],
  ['validate', lazy(() => import('./validate.ts'))],
  ['analyze', lazy(() => import('./analyze.ts'))],
  ['authz', lazy(() => import('./authz.ts'))],
  ['gateway-api', lazy(() => import('./gateway-api.ts'))],
])
