// Response flags: the short word of access logs and metrics, the long one, and the bit that `response.flags` of an
// expression has (envoy/stream_info/stream_info.h CoreResponseFlag, source/common/stream_info/utility.h).
const FLAGS: readonly (readonly [short: string, long: string])[] = [
  ['LH', 'FailedLocalHealthCheck'],
  ['UH', 'NoHealthyUpstream'],
  ['UT', 'UpstreamRequestTimeout'],
  ['LR', 'LocalReset'],
  ['UR', 'UpstreamRemoteReset'],
  ['UF', 'UpstreamConnectionFailure'],
  ['UC', 'UpstreamConnectionTermination'],
  ['UO', 'UpstreamOverflow'],
  ['NR', 'NoRouteFound'],
  ['DI', 'DelayInjected'],
  ['FI', 'FaultInjected'],
  ['RL', 'RateLimited'],
  ['UAEX', 'UnauthorizedExternalService'],
  ['RLSE', 'RateLimitServiceError'],
  ['DC', 'DownstreamConnectionTermination'],
  ['URX', 'UpstreamRetryLimitExceeded'],
  ['SI', 'StreamIdleTimeout'],
  ['IH', 'InvalidEnvoyRequestHeaders'],
  ['DPE', 'DownstreamProtocolError'],
  ['UMSDR', 'UpstreamMaxStreamDurationReached'],
  ['RFCF', 'ResponseFromCacheFilter'],
  ['NFCF', 'NoFilterConfigFound'],
  ['DT', 'DurationTimeout'],
  ['UPE', 'UpstreamProtocolError'],
  ['NC', 'NoClusterFound'],
  ['OM', 'OverloadManagerTerminated'],
  ['DF', 'DnsResolutionFailed'],
  ['DO', 'DropOverload'],
  ['DR', 'DownstreamRemoteReset'],
  ['UDO', 'UnconditionalDropOverload'],
]

const LONG: ReadonlyMap<string, string> = new Map(FLAGS)
const BIT: ReadonlyMap<string, number> = new Map(FLAGS.map(([short], index) => [short, 2 ** index]))

/** `UO` -> `UpstreamOverflow`; a word that is no flag stays itself. */
export const longFlag = (short: string): string => LONG.get(short) ?? short

/** All flags of a record as one number, as CEL sees them. */
export const flagBits = (flags: readonly string[]): number => flags.reduce((sum, flag) => sum + (BIT.get(flag) ?? 0), 0)
