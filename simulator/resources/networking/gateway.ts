// networking.istio.io Gateway: ports, hosts and TLS of the proxies at the edge of the mesh.
import { z } from 'zod'
import { ServerTLSSettings } from '../common.ts'

export const Port = z.strictObject({
  name: z.string(),
  number: z.int().min(0).max(4294967295),
  protocol: z.string(),
  targetPort: z.int().min(0).max(4294967295).optional(),
})
export type Port = z.infer<typeof Port>

export const Server = z.strictObject({
  bind: z.string().optional(),
  defaultEndpoint: z.string().optional(),
  hosts: z.array(z.string()),
  name: z.string().optional(),
  port: Port,
  tls: ServerTLSSettings.optional(),
})
export type Server = z.infer<typeof Server>

export const Gateway = z.strictObject({
  selector: z.record(z.string(), z.string()).optional(),
  servers: z.array(Server).optional(),
})
export type Gateway = z.infer<typeof Gateway>
