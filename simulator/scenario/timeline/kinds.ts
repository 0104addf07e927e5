// Every kind of event that a timeline knows, by its key. An event with several keys runs them in this order.
import { apply } from './apply.ts'
import { behave } from './behave.ts'
import { ca } from './ca.ts'
import { cordon } from './cordon.ts'
import { crash } from './crash.ts'
import { remove } from './delete.ts'
import { drain } from './drain.ts'
import { istiod } from './istiod.ts'
import { kill } from './kill.ts'
import { loseNode } from './node.ts'
import { partition } from './partition.ts'
import { patch } from './patch.ts'
import { rate } from './rate.ts'
import { restart } from './restart.ts'
import { scale } from './scale.ts'
import { skew } from './skew.ts'
import { loseZone } from './zone.ts'

export const EVENT_KINDS = {
  delete: remove,
  apply,
  patch,
  rate,
  kill,
  crash,
  behave,
  scale,
  restart,
  istiod,
  ca,
  skew,
  partition,
  loseZone,
  loseNode,
  cordon,
  drain,
} as const
