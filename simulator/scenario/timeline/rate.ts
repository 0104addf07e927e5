// `rate`: an open loop of load sends more or fewer requests from now on.
import { z } from 'zod'
import { isOpen } from '../../world/load/index.ts'
import { eventKind } from './types.ts'

export const rate = eventKind({
  schema: z.strictObject({
    load: z.string(),
    /** Requests per second. */
    perSecond: z.number().min(0),
  }),
  check({ load: name }, { loads }, error) {
    const load = loads.find(candidate => candidate.name === name)
    if (load === undefined) error(['load'], `there is no load named ${name}`)
    else if (!isOpen(load.pattern)) error(['load'], `${name} is a closed loop and has no rate`)
  },
  prepare: ({ load, perSecond }) => ({
    what: `rate of ${load} ${perSecond}/s`,
    run: ({ loads }) => loads.get(load)?.setRate(perSecond),
  }),
})
