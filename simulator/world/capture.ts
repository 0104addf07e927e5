// Which connections of a pod its sidecar captures: the iptables rules that Istio's init container writes, as decided by
// the pod's annotations (tools/istio-iptables/pkg/capture).

/** Ports of a sidecar's own servers: inbound connections to them are not captured. */
const OWN_PORTS = new Set([15008, 15020, 15021, 15090])

/** Compiled from annotations once per pod. */
export class CaptureRules {
  private readonly excludedOutbound: ReadonlySet<number>
  private readonly includedInbound: ReadonlySet<number> | null
  private readonly excludedInbound: ReadonlySet<number>
  private readonly includedRanges: readonly Range[] | null
  private readonly excludedRanges: readonly Range[]

  constructor(annotations: Readonly<Record<string, string>>) {
    const get = (name: string) => annotations[`traffic.sidecar.istio.io/${name}`] ?? ''
    this.excludedOutbound = ports(get('excludeOutboundPorts'))
    this.excludedInbound = ports(get('excludeInboundPorts'))
    const inbound = annotations['traffic.sidecar.istio.io/includeInboundPorts']
    this.includedInbound = inbound === undefined || inbound === '*' ? null : ports(inbound)
    const included = get('includeOutboundIPRanges')
    this.includedRanges = included === '' || included === '*' ? null : ranges(included)
    this.excludedRanges = ranges(get('excludeOutboundIPRanges'))
  }

  /** Does a connection of the application to `ip:port` pass the sidecar? */
  outbound(ip: string, port: number): boolean {
    if (ip.startsWith('127.')) return false
    if (this.excludedOutbound.has(port)) return false
    if (this.excludedRanges.length === 0 && this.includedRanges === null) return true
    const number_ = ipv4(ip)
    if (this.excludedRanges.some(r => within(r, number_))) return false
    return this.includedRanges === null || this.includedRanges.some(r => within(r, number_))
  }

  /** Does a connection from outside to the pod's `port` pass the sidecar? */
  inbound(port: number): boolean {
    if (OWN_PORTS.has(port) || this.excludedInbound.has(port)) return false
    return this.includedInbound === null || this.includedInbound.has(port)
  }
}

interface Range {
  base: number
  size: number
}

function ports(list: string): Set<number> {
  const found = list
    .split(',')
    .map(p => Number(p.trim()))
    .filter(p => Number.isInteger(p) && p > 0)
  return new Set(found)
}

function ranges(list: string): Range[] {
  const out: Range[] = []
  for (const entry of list.split(',')) {
    const [ip, bits] = entry.trim().split('/')
    if (ip === undefined || ip === '') continue
    const size = 2 ** (32 - (bits === undefined ? 32 : Number(bits)))
    out.push({ base: Math.floor(ipv4(ip) / size) * size, size })
  }
  return out
}

function within(range: Range, ip: number): boolean {
  return ip >= range.base && ip < range.base + range.size
}

function ipv4(ip: string): number {
  let value = 0
  for (const part of ip.split('.')) value = value * 256 + (Number(part) || 0)
  return value
}
