// Gateways: ports that their Services open, credentials, rivals (istio: pkg/config/analysis/analyzers/gateway).
import type { ServerTLSSettings } from '../../resources/common.ts'
import type { K8sService } from '../../resources/kubernetes/kinds.ts'
import type { Loose } from '../../resources/loose.ts'
import type { Gateway } from '../../resources/networking/gateway.ts'
import { certificateProblem } from '../certificate.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'
import { shortOrFullName } from '../hosts.ts'
import { firstKey, selectorText, selects } from '../selectors.ts'

type Labels = Readonly<Record<string, string | undefined>>

/** What a server shows, or null: servers with the same are rivals. */
function certificateOf({ credentialName, serverCertificate, privateKey }: Loose<ServerTLSSettings>): string | null {
  if (credentialName) return `credential ${credentialName}`
  return serverCertificate && privateKey ? `files ${serverCertificate}\n${privateKey}` : null
}

const certificatesOf = (gateway: Instance): Set<string> => {
  const servers = gateway.spec<Gateway>().servers ?? []
  return new Set(servers.flatMap(({ tls }) => (tls === undefined ? [] : [certificateOf(tls)])).filter(c => c !== null))
}

const certificates: Analyzer = {
  name: 'gateway.CertificateAnalyzer',
  description: 'Checks a gateway certificate',
  needsCluster: false,
  analyze(context) {
    const all = context.all(KIND.gateway)
    const byCertificate = new Map<string, Instance[]>()
    for (const gateway of all) {
      for (const shown of certificatesOf(gateway)) {
        const known = byCertificate.get(shown)
        if (known === undefined) byCertificate.set(shown, [gateway])
        else known.push(gateway)
      }
    }
    for (const current of all) {
      const selector = current.spec<Gateway>().selector ?? {}
      for (const other of [...certificatesOf(current)].flatMap(shown => byCertificate.get(shown) ?? [])) {
        if (other.fullName === current.fullName || !selects(selector, other.spec<Gateway>().selector ?? {})) continue
        context.report(current, 'IST0138', ['metadata', 'name'], [current.fullName, other.fullName])
      }
    }
  },
}

/** Hosts with their bind addresses of one server, by gateway. */
type Binds = Map<string, Map<string, string>>

interface Group {
  selector: Labels
  text: string
  port: number
  gateways: Binds
}

/** Servers of all gateways by selector and port; of a gateway's servers on one port the last counts. */
function groupServers(context: AnalysisContext): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const gateway of context.all(KIND.gateway)) {
    const spec = gateway.spec<Gateway>()
    const text = selectorText(spec.selector)
    for (const server of spec.servers ?? []) {
      const port = server.port?.number ?? 0
      const key = `${text}~${port}`
      const group = groups.get(key) ?? { selector: spec.selector ?? {}, text, port, gateways: new Map() }
      groups.set(key, group)
      group.gateways.set(gateway.fullName, new Map((server.hosts ?? []).map(host => [host, server.bind ?? ''])))
    }
  }
  return groups
}

/** Whether a host is taken already on the same bind address; if none is, all count as known from here on. */
function clashes(hosts: readonly string[], bind: string, known: Map<string, string>): boolean {
  if (hosts.some(host => known.get(host) === bind)) return true
  for (const host of hosts) known.set(host, bind)
  return false
}

const conflicts: Analyzer = {
  name: 'gateway.ConflictingGatewayAnalyzer',
  description: "Checks a gateway's selector, port number and hosts",
  needsCluster: true,
  analyze(context) {
    const groups = [...groupServers(context).values()]
    for (const gateway of context.all(KIND.gateway)) {
      const spec = gateway.spec<Gateway>()
      const text = selectorText(spec.selector)
      const shared = (group: Group): boolean =>
        (group.text.includes(text) || text.includes(group.text)) &&
        context.pods(null, spec.selector).some(pod => selects(group.selector, pod.labels))
      const same = groups.filter(group => group.text === text || shared(group))
      if (text !== '' && same.length === 0) {
        context.report(gateway, 'IST0101', ['spec', 'selector', firstKey(text)], 'selector', text)
        continue
      }
      for (const server of spec.servers ?? []) {
        const port = server.port?.number ?? 0
        const rivals: string[] = []
        for (const group of same.filter(item => item.port === port)) {
          for (const [name, known] of group.gateways) {
            if (name !== gateway.fullName && clashes(server.hosts ?? [], server.bind ?? '', known)) rivals.push(name)
          }
        }
        if (rivals.length === 0) continue
        rivals.sort((left, right) => (left < right ? -1 : 1))
        context.report(gateway, 'IST0145', null, rivals.join(','), text, String(port), (server.hosts ?? []).join(','))
      }
    }
  },
}

/** Ports on which the pods that a gateway selects can be reached through Services: target ports and service ports. */
function reachablePorts(context: AnalysisContext, pods: readonly Instance[]): Set<number> {
  const reached = new Set(pods.flatMap(pod => context.servicesOf(pod.namespace, pod.labels)))
  const namespaces = new Set(pods.map(pod => pod.namespace))
  for (const service of withoutSelector(context)) if (namespaces.has(service.namespace)) reached.add(service)
  const ports = new Set<number>()
  for (const { port = 0, protocol, targetPort } of [...reached].flatMap(s => s.spec<K8sService>().ports ?? [])) {
    if (protocol !== 'TCP') continue
    ports.add(port)
    const target = Number(targetPort ?? 0)
    if (target > 0) ports.add(target)
  }
  return ports
}

/** To the analyzer, a Service without a selector selects every pod of its namespace. */
const withoutSelector = (context: AnalysisContext): Instance[] =>
  context.all(KIND.service).filter(service => Object.keys(service.spec<K8sService>().selector ?? {}).length === 0)

const ingressPorts: Analyzer = {
  name: 'gateway.IngressGatewayPortAnalyzer',
  description: "Checks a gateway's ports against the gateway's Kubernetes service ports",
  needsCluster: true,
  analyze(context) {
    const known = new Map<string, ReadonlySet<number>>()
    for (const gateway of context.all(KIND.gateway)) {
      const spec = gateway.spec<Gateway>()
      const text = selectorText(spec.selector)
      const path = ['spec', 'selector', firstKey(text)]
      const pods = context.pods(null, spec.selector)
      if (pods.length === 0) {
        context.report(gateway, 'IST0101', path, 'selector', text)
        continue
      }
      const ports = known.get(text) ?? reachablePorts(context, pods)
      known.set(text, ports)
      for (const { port } of spec.servers ?? []) {
        if (port === undefined || ports.has(port.number ?? 0)) continue
        context.report(gateway, 'IST0162', path, port.number ?? 0, text)
      }
    }
  },
}

const secrets: Analyzer = {
  name: 'gateway.SecretAnalyzer',
  description: "Checks a gateway's referenced secrets for correctness",
  needsCluster: true,
  analyze(context) {
    for (const gateway of context.all(KIND.gateway)) {
      const spec = gateway.spec<Gateway>()
      const namespace = context.pods(null, spec.selector)[0]?.namespace ?? ''
      if (namespace === '') {
        const text = selectorText(spec.selector)
        context.report(gateway, 'IST0101', ['spec', 'selector', firstKey(text)], 'selector', text)
        continue
      }
      for (const [i, server] of (spec.servers ?? []).entries()) {
        const credential = server.tls?.credentialName ?? ''
        if (credential === '') continue
        const path = ['spec', 'servers', i, 'tls', 'credentialName']
        const wanted = shortOrFullName(namespace, credential)
        const secret = context.find(KIND.secret, wanted.namespace, wanted.name)
        if (secret === undefined) context.report(gateway, 'IST0101', path, 'credentialName', credential)
        else if (certificateProblem(secret.resource.spec, context.now) !== null) {
          context.report(gateway, 'IST0161', path, gateway.name, namespace)
        }
      }
    }
  },
}

export const gatewayAnalyzers = [certificates, conflicts, ingressPorts, secrets]
