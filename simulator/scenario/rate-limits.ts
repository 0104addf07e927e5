// The configuration of a rate limit service: the ConfigMap that is mounted into it, in the format of envoyproxy/ratelimit.
import { z } from 'zod'
import { parseDocuments } from '../documents/index.ts'
import type { Resource } from '../resources/types.ts'
import { type RateLimitUnit, UNIT_SECONDS } from '../wire/rate-limit.ts'
import type { RateLimitDomain, RateLimitNode } from '../world/apps/rate-limiter.ts'

const Unit = z
  .string()
  .transform(unit => unit.toUpperCase())
  .pipe(z.enum(Object.keys(UNIT_SECONDS) as [RateLimitUnit, ...RateLimitUnit[]]))

interface NodeInput {
  key: string
  value?: string | undefined
  rate_limit?:
    | { unit?: RateLimitUnit | undefined; requests_per_unit?: number | undefined; name?: string; unlimited?: boolean }
    | undefined
  shadow_mode?: boolean | undefined
  descriptors?: NodeInput[] | undefined
}

const Node: z.ZodType<NodeInput> = z.lazy(() =>
  z.strictObject({
    key: z.string().min(1),
    value: z.coerce.string().optional(),
    rate_limit: z
      .strictObject({
        unit: Unit.optional(),
        requests_per_unit: z.number().int().min(0).optional(),
        name: z.string().optional(),
        unlimited: z.boolean().optional(),
      })
      .refine(({ unit, unlimited }) => unlimited === true || unit !== undefined, 'unit or unlimited is needed')
      .optional(),
    shadow_mode: z.boolean().optional(),
    detailed_metric: z.boolean().optional(),
    descriptors: z.array(Node).optional(),
  }),
) as z.ZodType<NodeInput>

const Domain = z.strictObject({ domain: z.string().min(1), descriptors: z.array(Node).optional() })

function nodeOf({ key, value, rate_limit: limit, shadow_mode: shadow, descriptors = [] }: NodeInput): RateLimitNode {
  const { unit = 'SECOND', requests_per_unit: requestsPerUnit = 0, name, unlimited } = limit ?? {}
  return {
    key,
    ...(value === undefined || value === '' ? {} : { value }),
    ...(limit === undefined
      ? {}
      : {
          limit: {
            unit,
            requestsPerUnit,
            ...(name === undefined ? {} : { name }),
            ...(unlimited === undefined ? {} : { unlimited }),
          },
        }),
    ...(shadow === true ? { shadow } : {}),
    descriptors: descriptors.map(nodeOf),
  }
}

/** The domains of a ConfigMap's files, or in words what is wrong with it. */
export function rateLimitsOf(
  resources: readonly Resource[],
  namespace: string,
  name: string,
): { domains: RateLimitDomain[]; wrong: string | null } {
  const found = resources.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name && metadata.namespace === namespace,
  )
  if (found === undefined) return { domains: [], wrong: `there is no ConfigMap ${name} in namespace ${namespace}` }
  const data = (found.spec as { data?: Record<string, string> }).data ?? {}
  const domains: RateLimitDomain[] = []
  for (const [file, text] of Object.entries(data)) {
    const { documents, diagnostics } = parseDocuments(file, text)
    const broken = diagnostics.find(({ level }) => level === 'error')
    if (broken !== undefined) return { domains: [], wrong: `ConfigMap ${name}, ${file}: ${broken.message}` }
    for (const { value } of documents) {
      const read = Domain.safeParse(value)
      if (!read.success) {
        const [issue] = read.error.issues
        return { domains: [], wrong: `ConfigMap ${name}, ${file}: ${issue?.path.join('.')}: ${issue?.message}` }
      }
      domains.push({ domain: read.data.domain, descriptors: (read.data.descriptors ?? []).map(nodeOf) })
    }
  }
  return { domains, wrong: null }
}
