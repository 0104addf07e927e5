// The classes of gateways that Istio serves (istio: pilot/pkg/config/kube/gatewaycommon ClassInfos).
import type { Resource } from '../resources/types.ts'
import { condition, fields, isGatewayApi, type ObjectStatus, text } from './types.ts'

export interface GatewayClassInfo {
  name: string
  controller: string
  /** Its gateways take further listeners from ListenerSets. */
  listenerSets: boolean
  /** Others program it; istiod only says so. */
  remote: boolean
  /** The Service made for a gateway is not named after its class. */
  bareName: boolean
}

type ControllerInfo = Omit<GatewayClassInfo, 'name' | 'controller'>

export const MESH_CONTROLLER = 'istio.io/mesh-controller'
export const EAST_WEST_CONTROLLER = 'istio.io/eastwest-controller'

const CONTROLLERS: ReadonlyMap<string, ControllerInfo> = new Map([
  ['istio.io/gateway-controller', { listenerSets: true, remote: false, bareName: false }],
  ['istio.io/unmanaged-gateway', { listenerSets: false, remote: true, bareName: false }],
  [MESH_CONTROLLER, { listenerSets: false, remote: false, bareName: true }],
  [EAST_WEST_CONTROLLER, { listenerSets: false, remote: false, bareName: true }],
])

/** Classes that exist without an object. */
const BUILTIN: ReadonlyMap<string, string> = new Map([
  ['istio', 'istio.io/gateway-controller'],
  ['istio-remote', 'istio.io/unmanaged-gateway'],
  ['istio-waypoint', MESH_CONTROLLER],
  ['istio-east-west', EAST_WEST_CONTROLLER],
])

/** The class of that name, or null when it is none of Istio's. */
export function gatewayClass(name: string, resources: readonly Resource[]): GatewayClassInfo | null {
  const object = resources.find(r => r.kind === 'GatewayClass' && isGatewayApi(r) && r.metadata.name === name)
  const controller = object === undefined ? BUILTIN.get(name) : text(fields(object.spec)['controllerName'])
  const info = controller === undefined ? undefined : CONTROLLERS.get(controller)
  return info === undefined || controller === undefined ? null : { name, controller, ...info }
}

export function classStatuses(resources: readonly Resource[]): ObjectStatus[] {
  return resources
    .filter(r => r.kind === 'GatewayClass' && isGatewayApi(r) && gatewayClass(r.metadata.name, resources) !== null)
    .map(({ kind, metadata }) => ({
      kind,
      namespace: '',
      name: metadata.name,
      conditions: [condition('Accepted', 'Accepted', 'Handled by Istio controller')],
      listeners: [],
      parents: [],
    }))
}
