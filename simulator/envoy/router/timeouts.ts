// How long a request may take: the route's time-out, or what a gRPC caller says where the route lets it
// (source/common/router/router.cc FilterUtility::finalTimeout).
import type { HttpRequest } from '../../wire/types.ts'
import { grpcTimeout } from '../header-lines.ts'
import { isGrpc } from '../http/local-reply.ts'
import { header } from '../json.ts'
import type { CompiledRoute } from '../route.ts'

/** Microseconds, 0 = no end. A route with a max_stream_duration leaves all limits to the connection manager. */
export function globalTimeout(route: CompiledRoute, request: HttpRequest): number {
  if (route.streamLimit !== null) return 0
  const most = route.maxGrpcTimeout
  if (most < 0 || !isGrpc(request)) return route.timeout
  const asked = grpcTimeout(header(request.headers, 'grpc-timeout'))
  if (asked < 0) return most
  return most > 0 && (asked === 0 || asked > most) ? most : asked
}
