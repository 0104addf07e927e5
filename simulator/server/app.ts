// The HTTP side: the page from its table, a small API, errors as problem details (RFC 9457), and headers that keep the
// page from talking to anybody else.
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { SourceFile } from '../resources/types.ts'
import type { FrameSource } from '../stream/index.ts'
import { foreign } from './origin.ts'
import type { Asset } from './page.ts'

export interface AppOptions {
  source: FrameSource
  /** Documents that the run began with. */
  files: readonly SourceFile[]
  page: ReadonlyMap<string, Asset>
  /** Names that the Host header may carry; asked at each request, since the port is known late. */
  names: () => ReadonlySet<string>
}

const CONTENT_SECURITY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Chromium's own editing writes style attributes when selected text is typed over in the YAML editor.
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function buildApp(options: AppOptions): FastifyInstance {
  const app = fastify({ bodyLimit: 1_000_000, logger: false })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    reply.header('cross-origin-opener-policy', 'same-origin')
    reply.header('cross-origin-resource-policy', 'same-origin')
    const reason = foreign(request.raw, options.names())
    if (reason !== null) return problem(reply, 403, 'Forbidden', reason)
  })
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error)
    const detail = status < 500 && error instanceof Error ? error.message : 'the server failed to answer'
    return problem(reply, status, status < 500 ? 'Bad request' : 'Internal error', detail)
  })
  app.setNotFoundHandler((request, reply) => {
    const asset = request.method === 'GET' ? options.page.get(pathOf(request.url)) : undefined
    if (asset !== undefined) return send(reply, asset)
    if (pathOf(request.url) === '/' && options.page.size === 0) {
      return problem(reply, 503, 'No page', 'the page has not been built: npm run prepare')
    }
    return problem(reply, 404, 'Not found', `there is nothing at ${pathOf(request.url)}`)
  })
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/api/scenario', async () => options.source.hello())
  app.get('/api/files', async () => ({ files: options.files }))
  return app
}

function send(reply: FastifyReply, asset: Asset): FastifyReply {
  return reply
    .header('cache-control', asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    .type(asset.type)
    .send(asset.body)
}

function problem(reply: FastifyReply, status: number, title: string, detail: string): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, detail }))
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? '/'
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500
  return typeof error.statusCode === 'number' ? error.statusCode : 500
}
