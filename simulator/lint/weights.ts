// SIM0602: weights that cannot give what they say.
import { resolveShortName, subsetOf } from '../registry/index.ts'
import type { Destination } from '../resources/common.ts'
import type { VirtualService } from '../resources/networking/virtual-service.ts'
import type { Resource } from '../resources/types.ts'
import { endpointsOf, labelsOfSubset, serviceOf } from './subsets.ts'
import type { LintedMesh, Linter } from './types.ts'

interface Weighted {
  destination: Destination
  weight?: number | undefined
}

const nameOf = ({ host, subset, port }: Destination): string =>
  `${host}${subset === undefined ? '' : ` subset ${subset}`}${port?.number === undefined ? '' : ` port ${port.number}`}`

/** 12.5 %, 33.3 %. */
const percent = (part: number, whole: number): string => `${Math.round((part / whole) * 1000) / 10} %`

class Rule {
  private readonly mesh: LintedMesh
  private readonly resource: Resource
  private readonly path: (string | number)[]
  private readonly route: readonly Weighted[]
  private readonly sum: number

  constructor(mesh: LintedMesh, resource: Resource, path: (string | number)[], route: readonly Weighted[]) {
    this.mesh = mesh
    this.resource = resource
    this.path = path
    this.route = route
    this.sum = route.reduce((total, { weight }) => total + (weight ?? 0), 0)
  }

  check(): void {
    if (this.route.length === 1) {
      this.single()
      return
    }
    if (this.sum <= 0) return
    if (this.sum !== 100) this.shares()
    this.emptyShares()
    this.overlaps()
  }

  private single(): void {
    const { destination, weight = 100 } = this.route[0] as Weighted
    if (weight === 100) return
    this.mesh.report(this.resource, {
      path: [...this.path, 'route', 0, 'weight'],
      level: 'warning',
      message: `weight ${weight} of the only destination: ${nameOf(destination)} gets every request of the rule`,
      hint: 'add the destination that the rest is meant for, or leave the weight out',
    })
  }

  private shares(): void {
    const shares = this.route.map(
      ({ destination, weight = 0 }) => `${nameOf(destination)} ${percent(weight, this.sum)}`,
    )
    this.mesh.report(this.resource, {
      path: [...this.path, 'route', 0, 'weight'],
      level: 'info',
      message: `the weights sum to ${this.sum}, not to 100; requests are shared ${shares.join(', ')}`,
      hint: 'let the weights of a rule sum to 100, so that they read as percentages',
    })
  }

  /** Addresses behind a destination; null where the mesh does not tell. */
  private addresses({ host, subset }: Destination): Set<string> | null {
    const service = serviceOf(this.mesh, host, this.resource.metadata.namespace)
    if (service === null || service.resolution !== 'ClientSideLB') return null
    const endpoints = endpointsOf(this.mesh, service)
    if (endpoints.length === 0) return null
    if (subset === undefined) return new Set(endpoints.map(({ address }) => address))
    const labels = labelsOfSubset(this.mesh, service, subset)
    if (labels === null) return null
    return new Set(endpoints.filter(e => subsetOf(labels, e.labels)).map(({ address }) => address))
  }

  private emptyShares(): void {
    for (const [i, { destination, weight = 0 }] of this.route.entries()) {
      if (weight === 0 || this.addresses(destination)?.size !== 0) continue
      this.mesh.report(this.resource, {
        path: [...this.path, 'route', i, 'weight'],
        level: 'warning',
        message: `${percent(weight, this.sum)} of the requests of this rule go to ${nameOf(destination)}, which no running pod carries: they are answered 503 UH (no healthy upstream)`,
        hint: 'start the pods before giving them weight, or set the weight to 0',
      })
    }
  }

  /** Two shares that reach the same pods. */
  private overlaps(): void {
    const reached = this.route.map(({ destination }) => this.addresses(destination))
    for (const [i, addresses] of reached.entries()) {
      const j = reached.findIndex((other, k) => k < i && sharesPods(other, addresses) && this.differ(k, i) === false)
      if (j < 0) continue
      const [a, b] = [this.route[j], this.route[i]] as [Weighted, Weighted]
      this.mesh.report(this.resource, {
        path: [...this.path, 'route', i],
        level: 'warning',
        message: `${nameOf(a.destination)} and ${nameOf(b.destination)} reach the same pods: the weights ${a.weight ?? 0} and ${b.weight ?? 0} do not separate them`,
        hint: 'give the subsets labels that only their own pods carry',
      })
    }
  }

  /** Different ports of the same pods are different applications. */
  private differ(i: number, j: number): boolean {
    const [a, b] = [this.route[i]?.destination, this.route[j]?.destination]
    const namespace = this.resource.metadata.namespace
    const sameHost = resolveShortName(a?.host ?? '', namespace) === resolveShortName(b?.host ?? '', namespace)
    return !sameHost || a?.port?.number !== b?.port?.number
  }
}

function sharesPods(a: Set<string> | null, b: Set<string> | null): boolean {
  if (a === null || b === null) return false
  return [...a].some(address => b.has(address))
}

export const weights: Linter = {
  name: 'lint.Weights',
  code: 'SIM0602',
  description: 'Checks for weights that do not give what they say.',
  lint(mesh) {
    for (const { resource, spec } of mesh.written<VirtualService>('VirtualService')) {
      const kinds = { http: spec.http, tls: spec.tls, tcp: spec.tcp }
      for (const [kind, rules] of Object.entries(kinds)) {
        for (const [i, { route }] of (rules ?? []).entries()) {
          if (route !== undefined && route.length > 0) new Rule(mesh, resource, ['spec', kind, i], route).check()
        }
      }
    }
  },
}
