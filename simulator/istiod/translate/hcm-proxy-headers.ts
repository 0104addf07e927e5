// Which headers the proxy adds or hides (ProxyConfig.proxyHeaders; pilot/pkg/networking/util/proxy_headers.go).
import type { JsonObject } from '../../xds/types.ts'
import type { ListenerClass, TranslationContext } from './translation-context.ts'

interface Toggle {
  disabled?: boolean
  enabled?: boolean
  value?: string
}

interface ProxyHeadersSpec {
  server?: Toggle
  requestId?: Toggle
  attemptCount?: Toggle
  envoyDebugHeaders?: Toggle
  metadataExchangeHeaders?: { mode?: string }
  forwardedClientCert?: string
  setCurrentClientCertDetails?: Partial<Record<'subject' | 'cert' | 'chain' | 'dns' | 'uri', boolean>>
  xForwardedPort?: Toggle
  preserveHttp1HeaderCase?: boolean
}

export interface ProxyHeaders {
  /** Fields of the connection manager: `server_name`, `server_header_transformation`, `generate_request_id`. */
  manager: JsonObject
  forwardedClientCert: string
  certificateDetails: JsonObject
  suppressDebugHeaders: boolean
  /** Istio's own headers stay in the mesh. */
  inMeshMetadata: boolean
  forwardedPort: boolean
  preserveCase: boolean
}

const certificateDetails = (given: ProxyHeadersSpec['setCurrentClientCertDetails']): JsonObject => ({
  // a wrapper, so it is there even when false
  subject: given?.subject ?? true,
  ...((given?.dns ?? true) ? { dns: true } : {}),
  ...((given?.uri ?? true) ? { uri: true } : {}),
  ...(given?.cert ? { cert: true } : {}),
  ...(given?.chain ? { chain: true } : {}),
})

export function proxyHeaders(context: TranslationContext, where: ListenerClass): ProxyHeaders {
  const spec = (context.proxyConfig.proxyHeaders ?? {}) as ProxyHeadersSpec
  const manager: JsonObject = {}
  if (where !== 'outbound') manager['server_name'] = 'istio-envoy'
  if (spec.server?.disabled) {
    delete manager['server_name']
    manager['server_header_transformation'] = 'PASS_THROUGH'
  } else if (spec.server?.value) manager['server_name'] = spec.server.value
  if (spec.requestId?.disabled) manager['generate_request_id'] = false
  const forwarded = spec.forwardedClientCert ?? 'UNDEFINED'
  return {
    manager,
    forwardedClientCert: forwarded === 'UNDEFINED' ? 'APPEND_FORWARD' : forwarded,
    certificateDetails: certificateDetails(spec.setCurrentClientCertDetails),
    suppressDebugHeaders: spec.envoyDebugHeaders?.disabled === true,
    inMeshMetadata: spec.metadataExchangeHeaders?.mode === 'IN_MESH',
    forwardedPort: spec.xForwardedPort?.enabled === true,
    preserveCase: spec.preserveHttp1HeaderCase === true,
  }
}
