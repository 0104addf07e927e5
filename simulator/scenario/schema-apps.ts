// What a scenario may say of applications and load, as schemas. The shapes are those of world/apps/types.ts and
// world/load/types.ts; a compile-time check at the foot holds the two together.
import { z } from 'zod'
import { checkDistribution, parseDuration } from '../engine/index.ts'
import type { BehaviourSpec } from '../world/apps/index.ts'
import type { LoadSpec } from '../world/load/index.ts'

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

export const Behaviour = z.strictObject({
  ...handling,
  workers: z.number().int().min(1).optional(),
  queueLimit: z.number().int().min(0).optional(),
  queueFullStatus: Status.optional(),
  holdWorker: z.enum(['request', 'work']).optional(),
  routes: z.array(AppRoute).optional(),
  session: z.union([z.strictObject({ cookie: z.string() }), z.strictObject({ header: z.string() })]).optional(),
  finishAbandoned: z.boolean().optional(),
  connections: z.enum(['fresh', 'keep-alive']).optional(),
  steerable: z.boolean().optional(),
  tcp: z.strictObject({ prefix: z.string().optional(), greeting: z.string().optional() }).optional(),
})

const Rate = z.number().min(0)

export const Load = z.strictObject({
  name: z.string().min(1),
  source: z.string().min(1),
  via: z.string().optional(),
  requests: z
    .array(
      z.strictObject({
        weight: z.number().min(0).optional(),
        method: z.string().optional(),
        url: Url,
        host: z.string().optional(),
        headers: Headers.optional(),
        cookies: Headers.optional(),
        body: z.string().optional(),
        name: z.string().optional(),
      }),
    )
    .min(1),
  pattern: z.union([
    z.strictObject({ poisson: Rate }),
    z.strictObject({ constant: Rate }),
    z.strictObject({
      stages: z.array(z.strictObject({ for: Duration, rate: Rate, to: Rate.optional() })).min(1),
    }),
    z.strictObject({
      users: z.number().int().min(1).max(100_000),
      think: Distribution.optional(),
      rampUp: Duration.optional(),
    }),
  ]),
  start: Duration.optional(),
  stop: Duration.optional(),
  count: z.number().int().min(0).optional(),
  timeout: z.union([z.literal('none'), Duration]).optional(),
  connections: z.enum(['keep-alive', 'fresh']).optional(),
  protocol: z.enum(['HTTP/1.1', 'HTTP/2']).optional(),
})

/** Compiles only while the schemas say exactly what the world's own types say. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const behaviourIsTheWorlds: Same<z.output<typeof Behaviour>, BehaviourSpec> = true
export const loadIsTheWorlds: Same<z.output<typeof Load>, LoadSpec> = true
