// Conditions of Gateways and ListenerSets (istio: pilot/pkg/config/kube/gateway reportGatewayStatus,
// pilot/pkg/config/kube/gatewaycommon).
import type { Resource } from '../resources/types.ts'
import { granted } from './grants.ts'
import { secretProblem } from './listener-tls.ts'
import { type Condition, condition, type Fields, fields, list, type Objects, type Problem, text } from './types.ts'

interface Assignment {
  /** `hostname:port` of every Service that takes a server's traffic. */
  assigned: string[]
  warnings: string[]
}

/** Finds the servers' ports on the gateway's Services. */
function assign(services: readonly string[], servers: readonly Fields[], objects: Objects, domain: string): Assignment {
  const ports = [...new Set(servers.map(server => Number(fields(server['port'])['number'])))].sort((a, b) => a - b)
  const assigned: string[] = []
  const warnings: string[] = []
  for (const hostname of services) {
    const [name = '', namespace = ''] = hostname.split('.')
    const own = hostname === `${name}.${namespace}.svc.${domain}`
    const service = own ? objects.find('Service', namespace, name) : undefined
    if (service === undefined) {
      warnings.push(`hostname "${hostname}" not found`)
      continue
    }
    const offered = list(fields(service.spec)['ports']).map(port => fields(port)['port'])
    for (const port of ports) {
      if (offered.includes(port)) assigned.push(`${hostname}:${port}`)
      else warnings.push(`port ${port} not found for hostname "${hostname}"`)
    }
  }
  return { assigned, warnings }
}

function programmed(
  services: readonly string[],
  servers: readonly Fields[],
  objects: Objects,
  domain: string,
): Condition {
  const { assigned, warnings } = assign(services, servers, objects, domain)
  const names = assigned.join(' and ')
  const good = assigned.length > 0 ? `Resource programmed, assigned to service(s) ${names}` : 'Resource programmed'
  const failed = 'Failed to assign to any requested addresses'
  if (services.length === 0) {
    return condition('Programmed', '', '', { reason: 'UnsupportedAddress', message: failed })
  }
  if (warnings.length === 0) return condition('Programmed', 'Programmed', good)
  const partly = `Assigned to service(s) ${names}, but failed to assign to all requested addresses`
  const message = `${assigned.length > 0 ? partly : failed}: ${warnings.join('; ')}`
  return condition('Programmed', '', '', { reason: 'AddressNotUsable', message })
}

export function gatewayConditions(
  gateway: Resource,
  services: readonly string[],
  servers: readonly Fields[],
  problem: Problem | null,
  valid: number,
  objects: Objects,
  domain: string,
): Condition[] {
  const refused = problem ?? parametersProblem(gateway, objects)
  const none = { reason: 'ListenersNotValid', message: "None of the Gateway's listeners are valid" }
  const declared = list(fields(gateway.spec)['listeners']).length
  const accepted =
    refused !== null
      ? condition('Accepted', '', '', refused)
      : valid >= declared
        ? condition('Accepted', 'Accepted', 'Resource accepted')
        : valid === 0
          ? condition('Accepted', '', '', none)
          : condition('Accepted', 'ListenersNotValid', "One or more of the Gateway's listeners are invalid")
  const resolved = clientCertificateProblem(gateway, objects)
  const conditions = [
    accepted,
    programmed(services, servers, objects, domain),
    condition('ResolvedRefs', 'ResolvedRefs', 'All references resolved', resolved),
  ]
  if (insecureFrontend(gateway)) {
    const message = 'Gateway is operating in AllowInsecureFallback mode for frontend validation'
    conditions.push(condition('InsecureFrontendValidationMode', 'ConfigurationChanged', message))
  }
  return conditions
}

function insecureFrontend(gateway: Resource): boolean {
  const frontend = fields(fields(fields(gateway.spec)['tls'])['frontend'])
  const ports = list(frontend['perPort']).map(entry => fields(fields(entry)['tls']))
  return [fields(frontend['default']), ...ports].some(
    tls => fields(tls['validation'])['mode'] === 'AllowInsecureFallback',
  )
}

function parametersProblem(gateway: Resource, objects: Objects): Problem | null {
  const reference = fields(fields(gateway.spec)['infrastructure'])['parametersRef']
  if (typeof reference !== 'object' || reference === null) return null
  const { group, kind, name } = fields(reference)
  const reason = 'InvalidParameters'
  if (text(kind) !== 'ConfigMap' || text(group) !== '') {
    const message = `Unsupported parametersRef group/kind ${text(group)}/${text(kind)}, only ConfigMap is supported`
    return { reason, message }
  }
  const namespace = gateway.metadata.namespace
  if (objects.find('ConfigMap', namespace, text(name)) !== undefined) return null
  return { reason, message: `parametersRef ConfigMap ${namespace}/${text(name)} does not exist` }
}

/** The certificate that the gateway shows to backends. */
function clientCertificateProblem(gateway: Resource, objects: Objects): Problem | null {
  const reference = fields(fields(fields(gateway.spec)['tls'])['backend'])['clientCertificateRef']
  if (typeof reference !== 'object' || reference === null) return null
  const given = fields(reference)
  const own = gateway.metadata.namespace
  const namespace = text(given['namespace'], own)
  const why = secretProblem(given, namespace, objects)
  if (why !== null) {
    const name = `${text(given['group'])}/${text(given['kind'], 'Secret')}/${text(given['name'])}.`
    return { reason: 'InvalidClientCertificateRef', message: `invalid clientCertificateRef ${name}, ${why}` }
  }
  if (granted(objects.all, 'Gateway', own, 'Secret', namespace, text(given['name']))) return null
  const message = `clientCertificateRef ${text(given['name'])}/${namespace} not accessible to a Gateway in namespace "${own}"`
  return { reason: 'RefNotPermitted', message }
}

export function listenerSetConditions(
  services: readonly string[],
  servers: readonly Fields[],
  parent: Problem | null,
  valid: boolean,
  objects: Objects,
  domain: string,
): Condition[] {
  if (!valid) {
    const none = { reason: 'ListenersNotValid', message: "None of the ListenerSet's listeners are valid" }
    return [condition('Accepted', '', '', none), condition('Programmed', '', '', none)]
  }
  const refused = parent === null ? null : { ...parent, message: `Parent not accepted: ${parent.message}` }
  return [
    condition('Accepted', 'Accepted', 'Resource accepted', refused),
    programmed(services, servers, objects, domain),
  ]
}
