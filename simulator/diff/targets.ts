// Whom a request may be addressed to: every workload to every known host at its ports, strangers through the gateways, and
// for each port a host that nobody knows.
import type { Target } from './fate.ts'
import type { MeshView } from './mesh-view.ts'
import { OTHER } from './vocabulary.ts'

/** A name that no document holds. */
export const UNKNOWN_HOST = `${OTHER}.example`
/** Ports of a gateway's pod that serve its own ends. */
const OWN_PORTS = new Set([15_020, 15_021, 15_090])

/** Targets that exist in either mesh, each once. */
export function targetsOf(before: MeshView, after: MeshView): Target[] {
  const found = new Map<string, Target>()
  for (const view of [before, after])
    for (const target of [...meshTargets(view), ...gatewayTargets(view)]) found.set(JSON.stringify(target), target)
  return [...found.values()]
}

function meshTargets(view: MeshView): Target[] {
  const senders = [...view.workloads()].filter(([, pod]) => !pod.workload.gateway).map(([name]) => name)
  const ends = hostPorts(view)
  return senders.flatMap(from =>
    ends.flatMap(({ host, port, tls }) =>
      (tls ? [false, true] : [false]).map(spoken => ({ from, via: '', host, port, tls: spoken })),
    ),
  )
}

/** `tls`: clients may speak TLS there themselves. */
function hostPorts(view: MeshView): { host: string; port: number; tls: boolean }[] {
  const ends = new Map<string, { host: string; port: number; tls: boolean }>()
  const add = (host: string, port: number, tls: boolean): void => {
    const key = `${host}:${port}`
    ends.set(key, { host, port, tls: tls || (ends.get(key)?.tls ?? false) })
  }
  const plain = (protocol: string): boolean => protocol.startsWith('HTTP') && protocol !== 'HTTPS'
  for (const { hostname, ports } of view.services)
    for (const { port, protocol } of ports) {
      const tls = !plain(protocol) && !protocol.startsWith('GRPC')
      add(concrete(hostname), port, tls)
      add(UNKNOWN_HOST, port, tls)
    }
  const known = [...new Set([...ends.values()].map(end => end.port))]
  for (const { spec } of view.world.snapshot.virtualServices)
    for (const host of spec.hosts.map(concrete))
      if (![...ends.values()].some(end => end.host === host)) for (const port of known) add(host, port, false)
  return [...ends.values()]
}

function gatewayTargets(view: MeshView): Target[] {
  const targets: Target[] = []
  for (const [via, pod] of view.workloads()) {
    if (pod.proxy === null || !pod.workload.gateway) continue
    const names = new Set<string>([UNKNOWN_HOST])
    for (const { compiled } of pod.proxy.live.routes.values())
      for (const host of [...compiled.exact.keys(), ...compiled.suffix.map(s => `www${s.text}`)])
        names.add(host.replace(/:\d+$/, ''))
    for (const { compiled: listener } of pod.proxy.live.listeners.values()) {
      if (OWN_PORTS.has(listener.port)) continue
      for (const chain of listener.chains) for (const name of chain.names) names.add(concrete(name))
      for (const host of names)
        for (const tls of [false, true]) targets.push({ from: 'internet', via, host, port: listener.port, tls })
    }
  }
  return targets
}

/** `*.example.com` -> a host that it means. */
const concrete = (host: string): string => (host === '*' ? UNKNOWN_HOST : host.replace(/^\*/, 'www'))
