// One pod: its sockets, and what its application and its proxy see of the network.
import type { Proxy as Envoy } from '../envoy/index.ts'
import type { ProxyNode, Workload } from '../registry/types.ts'
import type {
  Acceptor,
  AcceptResult,
  ConnectionAttempt,
  DialObserver,
  DialTarget,
  Network,
  ServerConnection,
} from '../wire/types.ts'
import type { CaptureRules } from './capture.ts'
import type { Fabric } from './fabric.ts'
import type { Pod } from './types.ts'

const FIRST_EPHEMERAL = 32_768
const LAST_EPHEMERAL = 60_999

/** See Pod. `outside` pods are machines beyond the cluster: nothing is captured there. */
export class WorldPod implements Pod, Network, Acceptor {
  readonly id: string
  workload: Workload
  readonly ip: string
  readonly annotations: Readonly<Record<string, string>>
  readonly outside: boolean
  readonly capture: CaptureRules
  proxy: Envoy | null = null
  node: ProxyNode | null = null
  killed = false
  private readonly fabric: Fabric
  private readonly acceptors = new Map<number, Acceptor>()
  private nextPort = FIRST_EPHEMERAL

  constructor(
    fabric: Fabric,
    id: string,
    workload: Workload,
    annotations: Readonly<Record<string, string>>,
    capture: CaptureRules,
    outside: boolean,
  ) {
    this.fabric = fabric
    this.id = id
    this.workload = workload
    this.ip = workload.ip
    this.annotations = annotations
    this.capture = capture
    this.outside = outside
  }

  get network(): Network {
    return this
  }

  listen(port: number, acceptor: Acceptor): void {
    this.acceptors.set(port, acceptor)
  }

  unlisten(port: number): void {
    this.acceptors.delete(port)
  }

  dial(target: DialTarget, observer: DialObserver): { cancel(): void } {
    return this.fabric.dial(this, target, observer)
  }

  /** The next local port of this pod. */
  ephemeralPort(): number {
    const port = this.nextPort
    this.nextPort = port === LAST_EPHEMERAL ? FIRST_EPHEMERAL : port + 1
    return port
  }

  /** What accepts a connection that reached the pod from elsewhere. */
  frontDoor(port: number): Acceptor {
    if (this.proxy === null) return this
    if (this.workload.gateway) return this.proxy.gateway
    return this.capture.inbound(port) ? this.proxy.inbound : this
  }

  /** The application's own ports. */
  accept(attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult {
    const acceptor = this.acceptors.get(attempt.destinationPort)
    if (acceptor === undefined || this.killed) return { kind: 'refused' }
    return acceptor.accept(attempt, connection)
  }
}
