// What the events about Deployments and StatefulSets share: naming one, and writing it anew.
import { z } from 'zod'
import type { Stage } from './types.ts'

/** One of `deployment` and `statefulSet`. */
export const ControllerName = {
  deployment: z.string().optional(),
  statefulSet: z.string().optional(),
  namespace: z.string().optional(),
}

interface Which {
  deployment?: string | undefined
  statefulSet?: string | undefined
  namespace?: string | undefined
}

export const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** Writes the object with another spec; says so when there is none of that name. */
export function changeObject(
  { world, mark }: Stage,
  { deployment, statefulSet, namespace = 'default' }: Which,
  change: (spec: Record<string, unknown>) => Record<string, unknown>,
): void {
  const kind = deployment === undefined ? 'StatefulSet' : 'Deployment'
  const name = deployment ?? statefulSet ?? ''
  const old = world
    .currentResources()
    .find(r => r.kind === kind && r.metadata.name === name && r.metadata.namespace === namespace)
  if (old === undefined) mark(`there is no ${kind} ${name} in ${namespace}`)
  else world.apply({ upsert: [{ ...old, spec: change(object(old.spec)) }] })
}
