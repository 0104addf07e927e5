// networking.istio.io Sidecar: what a workload's proxy listens on and which hosts it sees.
import { z } from 'zod'
import { ConnectionPoolSettings, Destination, ServerTLSSettings, WorkloadLabelSelector } from '../common.ts'

export const SidecarPort = z.strictObject({
  name: z.string().optional(),
  number: z.int().min(0).max(4294967295).optional(),
  protocol: z.string().optional(),
  targetPort: z.int().min(0).max(4294967295).optional(),
})
export type SidecarPort = z.infer<typeof SidecarPort>

export const IstioEgressListener = z.strictObject({
  bind: z.string().optional(),
  captureMode: z.enum(['DEFAULT', 'IPTABLES', 'NONE']).optional(),
  hosts: z.array(z.string()),
  port: SidecarPort.optional(),
})
export type IstioEgressListener = z.infer<typeof IstioEgressListener>

export const IstioIngressListener = z.strictObject({
  bind: z.string().optional(),
  captureMode: z.enum(['DEFAULT', 'IPTABLES', 'NONE']).optional(),
  connectionPool: ConnectionPoolSettings.optional(),
  defaultEndpoint: z.string().optional(),
  port: SidecarPort,
  tls: ServerTLSSettings.optional(),
})
export type IstioIngressListener = z.infer<typeof IstioIngressListener>

export const SidecarTrafficPolicy = z.strictObject({
  egressProxy: Destination.optional(),
  mode: z.enum(['REGISTRY_ONLY', 'ALLOW_ANY']).optional(),
})
export type SidecarTrafficPolicy = z.infer<typeof SidecarTrafficPolicy>

export const Sidecar = z.strictObject({
  egress: z.array(IstioEgressListener).optional(),
  inboundConnectionPool: ConnectionPoolSettings.optional(),
  ingress: z.array(IstioIngressListener).optional(),
  outboundTrafficPolicy: SidecarTrafficPolicy.optional(),
  workloadSelector: WorkloadLabelSelector.optional(),
})
export type Sidecar = z.infer<typeof Sidecar>
