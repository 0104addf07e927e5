// What may be known of the control plane at work: every response on its way, and every push as a whole.

/** One step in the life of one xDS response. */
export interface XdsRecord {
  kind: 'xds'
  at: number
  /** Replica of istiod. */
  istiod: string
  /** `name.namespace` of the proxy. */
  proxy: string
  type: 'CDS' | 'EDS' | 'LDS' | 'RDS'
  /** Left istiod; taken by the proxy; refused by it (the good resources of it count all the same). */
  step: 'sent' | 'acked' | 'nacked'
  version: string
  nonce: string
  /** Names that it carries, and those that it removes. */
  updated: readonly string[]
  removed: readonly string[]
  /** Acked: names that are warming now because of it (clusters without endpoints yet, listeners without routes). */
  warming: readonly string[]
  /** Nacked: why. */
  error: string
}

/** A proxy's stream to istiod begins or ends. */
export interface XdsStreamRecord {
  kind: 'xds stream'
  at: number
  istiod: string
  proxy: string
  open: boolean
}

/** All responses of one push have reached one proxy. */
export interface PushRecord {
  kind: 'push'
  at: number
  proxy: string
  types: string[]
  version: string
  nack: string
  /** From the first change of the push to here, µs: pilot_proxy_convergence_time. 0 for a proxy's first configuration. */
  convergence: number
}
