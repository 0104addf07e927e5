// What a stream and a connection pool have to tell each other.
import type {
  ClientConnection,
  HttpProtocol,
  HttpRequest,
  ProxyHeader,
  RequestHandle,
  ResponseObserver,
  StreamResetReason,
} from '../../wire/types.ts'

/** What waits for a connection: told when its request went out, or that none can be had. */
export interface PoolUser extends ResponseObserver {
  readonly outgoing: HttpRequest
  /** Protocol of the request as received, for clusters that go on with the same one. */
  readonly downstreamProtocol?: HttpProtocol
  /** ALPN list set for this request (istio.alpn filter); absent or null = the cluster's. */
  readonly alpn?: readonly string[] | null
  /** Name for SNI where the cluster takes it from the request (auto_sni). */
  readonly sni?: string
  /** Who is told to servers that want to know (PROXY protocol). */
  readonly client?: ProxyHeader
  onPoolReady(handle: RequestHandle, connection: ClientConnection, protocol: HttpProtocol): void
  onPoolFailure(reason: StreamResetReason, detail: string, host?: string): void
  /** Bytes after an upgrade (101). */
  onUpgradeData?(data: string): void
  /** The upgraded connection ended. */
  onUpgradeClosed?(): void
}
