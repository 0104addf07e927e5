// What a server of a Gateway is (pkg/config/gateway/gateway.go).

import type { Server } from '../../resources/index.ts'
import { isHttp, parseProtocol } from '../../resources/protocol.ts'

export const serverProtocol = (server: Server) => parseProtocol(server.port.protocol)

/** TLS goes through untouched. */
export const isPassthrough = (server: Server): boolean =>
  server.tls !== undefined && ['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(server.tls.mode ?? 'PASSTHROUGH')

/** Not HTTP, with TLS settings of either kind. */
export const isTlsServer = (server: Server): boolean => server.tls !== undefined && !isHttp(serverProtocol(server))

/** HTTP, or HTTPS that ends here. */
export const isHttpServer = (server: Server): boolean =>
  isHttp(serverProtocol(server)) || (serverProtocol(server) === 'HTTPS' && !isPassthrough(server))

export const terminatesHttps = (server: Server): boolean =>
  server.tls !== undefined && serverProtocol(server) === 'HTTPS' && !isPassthrough(server)

/** TLS ends here and TCP is inside. */
export const terminatesTcp = (server: Server): boolean =>
  !isPassthrough(server) && !isHttp(serverProtocol(server)) && serverProtocol(server) !== 'HTTPS'
