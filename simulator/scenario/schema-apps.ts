// What a scenario may say of applications and load, as schemas. The shapes are those of world/apps/types.ts and
// world/load/types.ts; a compile-time check at the foot holds the two together.
import { z } from 'zod'
import { checkDistribution, parseDuration } from '../engine/index.ts'
import { type BehaviourSpec, parseSocket, parseUrl } from '../world/apps/index.ts'
import { checkJwt, checkPattern, type LoadSpec } from '../world/load/index.ts'
import { REPLAY_FORMATS } from './replay/index.ts'

/** "250ms": Go's way of writing, not negative. */
export const Duration = z.string().refine(text => (parseDuration(text) ?? -1) >= 0, {
  message: 'is no duration such as 250ms, 30s or 1m30s',
})

const Share = z.number().min(0).max(1)
const Status = z.number().int().min(100).max(599)
const Headers = z.record(z.string(), z.string())

export const Distribution = z
  .union([
    z.string(),
    z.strictObject({ constant: z.string() }),
    z.strictObject({ uniform: z.tuple([z.string(), z.string()]) }),
    z.strictObject({ exponential: z.string() }),
    z.strictObject({ lognormal: z.strictObject({ p50: z.string(), p99: z.string() }) }),
    z.strictObject({ empirical: z.array(z.strictObject({ p: Share, value: z.string() })).min(1) }),
    z.strictObject({ histogram: z.array(z.strictObject({ upTo: z.string(), count: z.number().min(0) })).min(1) }),
  ])
  .superRefine((spec, context) => {
    const wrong = checkDistribution(spec)
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong })
  })

const CallFailure = z.union([
  z.strictObject({ status: Status, body: z.string().optional() }),
  z.strictObject({ ignore: z.literal(true), body: z.string().optional() }),
  z.strictObject({ passStatus: z.literal(true) }),
])

const Url = z.string().regex(/^https?:\/\/[^/\s:]+(:\d+)?(\/\S*)?$/, 'is not http://host[:port]/path')

const Call = z.strictObject({
  url: Url,
  method: z.string().optional(),
  timeout: Duration.optional(),
  attempts: z.number().int().min(1).optional(),
  retryOn: z.enum(['non-200', '5xx', 'no-answer']).optional(),
  headers: Headers.optional(),
  forward: z.array(z.string()).optional(),
  body: z.string().optional(),
  onFailure: CallFailure.optional(),
  probability: Share.optional(),
  copies: z.number().int().min(1).optional(),
  name: z.string().optional(),
})

const ScriptAction = z.union([
  z.strictObject({ sleep: Distribution }),
  z.strictObject({
    call: z.union([
      z.string(),
      z.strictObject({
        service: z.string(),
        size: z.number().int().min(0).optional(),
        probability: z.number().min(0).max(100).optional(),
      }),
      Call,
    ]),
  }),
])

const handling = {
  serviceTime: Distribution.optional(),
  status: Status.optional(),
  body: z.string().optional(),
  headers: Headers.optional(),
  grpcStatus: z.number().int().min(0).max(16).optional(),
  errors: z.strictObject({ rate: Share, status: Status.optional(), body: z.string().optional() }).optional(),
  failFirst: z.strictObject({ count: z.number().int().min(0), status: Status.optional() }).optional(),
  failEvery: z.strictObject({ n: z.number().int().min(1), status: Status.optional() }).optional(),
  reset: z
    .union([z.literal(true), z.strictObject({ rate: Share }), z.strictObject({ first: z.number().int().min(0) })])
    .optional(),
  toggle: z.strictObject({ period: Duration, status: Status.optional() }).optional(),
  calls: z.array(Call).optional(),
  callOrder: z.enum(['sequence', 'parallel']).optional(),
  script: z.array(z.union([ScriptAction, z.array(ScriptAction).min(1)])).optional(),
  statusFromPath: z.string().optional(),
  delayFromPath: z.string().optional(),
  echoHeaders: z.boolean().optional(),
}

const AppRoute = z.strictObject({
  ...handling,
  path: z.string().optional(),
  prefix: z.string().optional(),
  method: z.string().optional(),
  header: z.strictObject({ name: z.string(), value: z.string() }).optional(),
})

const TlsVersionName = z.enum(['1.0', '1.1', '1.2', '1.3'])

export const ServerCertificate = z.strictObject({
  names: z.array(z.string()).min(1),
  issuer: z.string().optional(),
})

export const Behaviour = z.strictObject({
  ...handling,
  startUp: Duration.optional(),
  workers: z.number().int().min(1).optional(),
  queueLimit: z.number().int().min(0).optional(),
  queueFullStatus: Status.optional(),
  holdWorker: z.enum(['request', 'work']).optional(),
  routes: z.array(AppRoute).optional(),
  session: z.union([z.strictObject({ cookie: z.string() }), z.strictObject({ header: z.string() })]).optional(),
  finishAbandoned: z.boolean().optional(),
  connections: z.enum(['fresh', 'keep-alive']).optional(),
  steerable: z.boolean().optional(),
  idleTimeout: Duration.optional(),
  certificate: ServerCertificate.optional(),
  authorizer: z.boolean().optional(),
  rateLimiter: z.strictObject({ configMap: z.string() }).optional(),
  tcp: z.strictObject({ prefix: z.string().optional(), greeting: z.string().optional() }).optional(),
})

const Rate = z.number().min(0)
const Users = z.number().int().min(1).max(100_000)

const Pattern = z
  .union([
    z.strictObject({ poisson: Rate }),
    z.strictObject({ constant: Rate }),
    z.strictObject({
      stages: z.array(z.strictObject({ for: Duration, rate: Rate, to: Rate.optional() })).min(1),
    }),
    z.strictObject({
      startRate: Rate.optional(),
      rampTo: z.array(z.strictObject({ target: Rate, duration: Duration })).min(1),
    }),
    z.strictObject({ steps: z.strictObject({ from: Rate, to: Rate, by: z.number(), every: Duration }) }),
    z.strictObject({
      recorded: z.array(z.strictObject({ at: Duration, request: z.number().int().min(0) })),
      speed: z.number().positive().optional(),
    }),
    z.strictObject({ connections: Users, qps: Rate.optional() }),
    z.strictObject({ users: Users, think: Distribution.optional(), rampUp: Duration.optional() }),
  ])
  .superRefine((pattern, context) => {
    const wrong = checkPattern(pattern)
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong })
  })

const Jwt = z
  .strictObject({
    key: z.record(z.string(), z.string()),
    claims: z.record(z.string(), z.unknown()),
    expiresIn: Duration.optional(),
  })
  .superRefine((jwt, context) => {
    const wrong = checkJwt(jwt)
    if (wrong !== null) context.addIssue({ code: 'custom', path: ['key'], message: wrong })
  })

const LoadUrl = z
  .string()
  .refine(
    url => parseUrl(url) !== null || parseSocket(url) !== null,
    'is not http://host[:port]/path or tcp://host:port',
  )

const overTcp = {
  send: z.string().optional(),
  lines: z.number().int().min(1).optional(),
  every: Duration.optional(),
}

const Request = z
  .strictObject({
    weight: z.number().min(0).optional(),
    method: z.string().optional(),
    url: LoadUrl,
    ...overTcp,
    host: z.string().optional(),
    headers: Headers.optional(),
    cookies: Headers.optional(),
    jwt: Jwt.optional(),
    body: z.string().optional(),
    name: z.string().optional(),
  })
  .superRefine((request, context) => {
    const tcp = parseSocket(request.url) !== null
    for (const field of tcp ? HTTP_ONLY : TCP_ONLY)
      if (request[field] !== undefined)
        context.addIssue({
          code: 'custom',
          path: [field],
          message: tcp ? 'belongs to HTTP, and the url is tcp:// or tls://' : 'belongs to tcp:// and tls://',
        })
  })

const TCP_ONLY = ['send', 'lines', 'every'] as const
const HTTP_ONLY = ['method', 'host', 'headers', 'cookies', 'jwt', 'body'] as const

const loadFields = {
  name: z.string().min(1),
  source: z.string().min(1),
  via: z.string().optional(),
  start: Duration.optional(),
  stop: Duration.optional(),
  count: z.number().int().min(0).optional(),
  timeout: z.union([z.literal('none'), Duration]).optional(),
  connections: z.enum(['keep-alive', 'fresh']).optional(),
  order: z.enum(['weights', 'listed']).optional(),
  keepCookies: z.boolean().optional(),
  protocol: z.enum(['HTTP/1.1', 'HTTP/2']).optional(),
  proxyProtocol: z.union([z.ipv4(), z.ipv6()]).optional(),
  tls: z
    .strictObject({
      sni: z.string().optional(),
      trusts: z.string().optional(),
      minVersion: TlsVersionName.optional(),
      maxVersion: TlsVersionName.optional(),
      certificate: z
        .strictObject({ subject: z.string(), issuer: z.string(), names: z.array(z.string()).optional() })
        .optional(),
    })
    .optional(),
}

export const Load = z.strictObject({ ...loadFields, requests: z.array(Request).min(1), pattern: Pattern })

/** A load that is a recording: requests and times come from a file beside scenario.yaml. */
export const ReplayedLoad = z.strictObject({
  ...loadFields,
  replay: z.strictObject({
    file: z.string(),
    format: z.enum(REPLAY_FORMATS).optional(),
    speed: z.number().positive().optional(),
    base: Url.optional(),
  }),
})

/** Compiles only while the schemas say exactly what the world's own types say. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const behaviourIsTheWorlds: Same<z.output<typeof Behaviour>, BehaviourSpec> = true
export const loadIsTheWorlds: Same<z.output<typeof Load>, LoadSpec> = true
