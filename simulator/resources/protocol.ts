// Which protocol a port speaks (pkg/config/protocol/instance.go, pkg/config/kube/conversion.go).

export type Protocol =
  | 'TCP'
  | 'UDP'
  | 'GRPC'
  | 'GRPC-Web'
  | 'HTTP'
  | 'HTTP_PROXY'
  | 'HTTP2'
  | 'HTTPS'
  | 'TLS'
  | 'Mongo'
  | 'Redis'
  | 'MySQL'
  | 'Unsupported'

const BY_NAME: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['grpc', 'GRPC'],
  ['grpc-web', 'GRPC-Web'],
  ['http', 'HTTP'],
  ['http_proxy', 'HTTP_PROXY'],
  ['http2', 'HTTP2'],
  ['https', 'HTTPS'],
  ['tls', 'TLS'],
  ['mongo', 'Mongo'],
  ['redis', 'Redis'],
  ['mysql', 'MySQL'],
])

/** Istio's name of a protocol, any case; anything else is Unsupported, which means: sniff. */
export const parseProtocol = (name: string): Protocol => BY_NAME.get(name.toLowerCase()) ?? 'Unsupported'

const WELL_KNOWN_TCP: ReadonlySet<number> = new Set([25, 53, 3306, 27017])

/** Protocol of a port of a Kubernetes Service: appProtocol, else the prefix of its name. */
export function kubernetesProtocol(
  port: number,
  name: string,
  transport: string | undefined,
  appProtocol: string | null | undefined,
): Protocol {
  if (transport === 'UDP') return 'UDP'
  if (appProtocol === 'kubernetes.io/h2c') return 'HTTP2'
  if (appProtocol === 'kubernetes.io/ws') return 'HTTP'
  if (appProtocol === 'kubernetes.io/wss') return 'HTTPS'
  const text = appProtocol ?? name
  if (text.slice(0, 8).toLowerCase() === 'grpc-web') return 'GRPC-Web'
  const found = parseProtocol(text.split('-')[0] ?? '')
  return found === 'Unsupported' && WELL_KNOWN_TCP.has(port) ? 'TCP' : found
}

const HTTP: ReadonlySet<Protocol> = new Set(['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-Web'])
const HTTP2: ReadonlySet<Protocol> = new Set(['HTTP2', 'GRPC', 'GRPC-Web'])
const TCP: ReadonlySet<Protocol> = new Set(['TCP', 'HTTPS', 'TLS', 'Mongo', 'Redis', 'MySQL'])

export const isHttp = (protocol: Protocol): boolean => HTTP.has(protocol)
export const isHttp2 = (protocol: Protocol): boolean => HTTP2.has(protocol)
export const isTcp = (protocol: Protocol): boolean => TCP.has(protocol)
/** Routed by SNI. */
export const isTls = (protocol: Protocol): boolean => protocol === 'HTTPS' || protocol === 'TLS'
