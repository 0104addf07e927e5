// How a workload is named in what is told: `reviews v1`, or the application alone where nothing tells a version.
import type { Party } from '../observation/index.ts'
import { partyOf } from '../scenario/index.ts'
import type { Pod } from '../world/index.ts'

export const labelOfParty = ({ app, version }: Party): string => (version === '' ? app : `${app} ${version}`)

export const labelOf = (pod: Pod): string => labelOfParty(partyOf(pod))
