// Who plays: pods, services and loads of one moment as plain data, and who is meant to call whom before anybody has.

export interface CastPod {
  /** `name.namespace`. */
  id: string
  ip: string
  workload: string
  namespace: string
  app: string
  version: string
  labels: Readonly<Record<string, string>>
  gateway: boolean
  proxied: boolean
}

export interface CastService {
  name: string
  namespace: string
  selector: Readonly<Record<string, string>>
}

export interface CastLoad {
  name: string
  /** Pod id, or the name of a client outside the mesh. */
  source: string
  /** Pod id or host that its requests go to first. */
  target: string
}

/** `from`: a pod id; `host` as written, seen from the pod's namespace. */
export interface CastCall {
  from: string
  host: string
}

export interface Cast {
  pods: readonly CastPod[]
  services: readonly CastService[]
  loads: readonly CastLoad[]
  calls: readonly CastCall[]
}

/** The host of `http://host:port/path`. */
export function hostOfUrl(url: string): string {
  return (url.split('/')[2] ?? '').split(':')[0] ?? ''
}

/** Does every label of the selector stand on the pod? */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}
