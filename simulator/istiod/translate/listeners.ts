// All listeners of a proxy (pilot/pkg/networking/core/listener.go, listener_builder.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { Listener } from '../../xds/types.ts'
import { statsPrefix } from './cluster-names.ts'
import { gatewayListeners } from './gateway-listeners.ts'
import { connectionManager } from './hcm.ts'
import { proxyHeaders } from './hcm-proxy-headers.ts'
import { chainDraft } from './listener-chains.ts'
import { inboundListeners } from './listener-inbound.ts'
import { outboundListener, outboundListeners } from './listener-outbound.ts'
import { httpProxyPort, virtualOutbound } from './listener-virtual-outbound.ts'
import { noSecurity, securityFilters } from './security-filters.ts'
import { type TranslationContext, translationContext } from './translation-context.ts'

/** Listeners of a sidecar or gateway, sorted by name; EnvoyFilters are applied later. */
export function buildListeners(snapshot: MeshSnapshot, proxy: ProxyNode): Listener[] {
  const context = translationContext(snapshot, proxy)
  const security = securityFilters(context)
  const listeners =
    proxy.type === 'router'
      ? gatewayListeners(context, security)
      : [...outboundListeners(context), ...captureListeners(context), ...inboundListeners(context, security)]
  return listeners.sort((a, b) => compareText(a.name, b.name))
}

function captureListeners(context: TranslationContext): Listener[] {
  const listeners: Listener[] = []
  const virtual = virtualOutbound(context)
  if (virtual) listeners.push(virtual)
  const port = httpProxyPort(context)
  if (port !== null) listeners.push(httpProxyListener(context, port))
  return listeners
}

/** The application's explicit HTTP proxy. */
function httpProxyListener(context: TranslationContext, port: number): Listener {
  const filter = connectionManager(context, noSecurity, {
    where: 'outbound',
    protocol: 'HTTP_PROXY',
    statPrefix: statsPrefix(`outbound_${context.localhost}_${port}`),
    routes: 'http_proxy',
    useRemoteAddress: false,
    headers: proxyHeaders(context, 'outbound'),
    manager: { http_protocol_options: { allow_absolute_url: true } },
    service: null,
  })
  return outboundListener(
    context,
    {
      binding: { addresses: [context.localhost], toPort: true },
      port: { name: '', port, protocol: 'HTTP', targetPort: null },
      chains: [chainDraft([filter])],
    },
    [],
  )
}
