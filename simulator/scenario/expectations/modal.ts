// `always`, `never`, `eventually`: of all requests, of none, of at least one within a time.
import { z } from 'zod'
import { formatDuration } from '../../engine/index.ts'
import { conditionInWords } from '../sample.ts'
import { Duration } from '../schema-apps.ts'
import { Condition, Selector } from '../schema-requests.ts'
import { ConditionMeter, knownLoad, us } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

const Modal = z.strictObject({ of: Selector, is: Condition })
type ModalSpec = z.output<typeof Modal>

const Eventually = z.strictObject({
  ...Modal.shape,
  /** The first such request has ended this long after the window's begin. */
  within: Duration.optional(),
})

export const always = expectationKind({
  schema: Modal,
  check: knownLoad,
  meter: (spec, context) => new AlwaysMeter(spec, context),
})

export const never = expectationKind({
  schema: Modal,
  check: knownLoad,
  meter: (spec, context) => new NeverMeter(spec, context),
})

export const eventually = expectationKind({
  schema: Eventually,
  check: knownLoad,
  meter: (spec, context) => new EventuallyMeter(spec, context),
})

class AlwaysMeter extends ConditionMeter {
  private readonly words: string

  constructor({ of, is }: ModalSpec, context: MeterContext) {
    super(of, is, context, false)
    this.words = conditionInWords(is)
  }

  judge(): Judgement {
    const { total, held } = this
    const bad = `${total - held} ${this.ofAll} did not: ${this.witness ?? ''}`
    const seen = total === 0 ? 'no requests' : held === total ? `${total} requests, all` : bad
    return { ok: total > 0 && held === total, expected: `always ${this.words}`, seen }
  }
}

class NeverMeter extends ConditionMeter {
  private readonly words: string

  constructor({ of, is }: ModalSpec, context: MeterContext) {
    super(of, is, context)
    this.words = conditionInWords(is)
  }

  judge(): Judgement {
    const { total, held } = this
    const seen = held === 0 ? `${total} requests, none` : `${held} ${this.ofAll} did: ${this.witness ?? ''}`
    return { ok: held === 0, expected: `never ${this.words}`, seen }
  }
}

class EventuallyMeter extends ConditionMeter {
  private readonly spec: z.output<typeof Eventually>

  constructor(spec: z.output<typeof Eventually>, context: MeterContext) {
    super(spec.of, spec.is, context)
    this.spec = spec
  }

  judge(): Judgement {
    const { held } = this
    const { is, within } = this.spec
    const took = this.firstHeldUs - this.context.from
    const ok = held > 0 && (within === undefined || took <= us(within))
    const limit = within === undefined ? '' : ` within ${within}`
    const seen =
      held === 0 ? `none ${this.ofAll}` : `${held} ${this.ofAll}, first after ${formatDuration(took)}: ${this.witness}`
    return { ok, expected: `eventually ${conditionInWords(is)}${limit}`, seen }
  }
}
