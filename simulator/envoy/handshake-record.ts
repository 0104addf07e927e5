// A handshake told in steps, for whoever asks: from what was decided, not decided again.
import type { HandshakeRecord } from '../observation/types.ts'
import type { CertificateIdentity, ConnectionAttempt } from '../wire/types.ts'
import type { Handshake } from './handshake.ts'
import type { Chain } from './listener.ts'
import type { ProxyOptions } from './options.ts'

type Step = HandshakeRecord['steps'][number]

const version = (digits: number): string => `TLS 1.${digits - 10}`

export function recordHandshake(
  options: ProxyOptions,
  listener: string,
  chain: Chain,
  attempt: ConnectionAttempt,
  result: Handshake,
): void {
  const { recorder, scheduler, id } = options
  if (!recorder.wants('handshake')) return
  const failed = result.kind === 'failed' ? result : null
  recorder.record({
    kind: 'handshake',
    at: scheduler.now,
    proxy: id,
    client: `${attempt.sourceIp}:${attempt.sourcePort}`,
    listener,
    filterChain: chain.name,
    outcome: result.kind === 'done' ? 'done' : 'failed',
    steps: stepsOf(chain, attempt, result),
    roundTrips: 1,
    resumed: result.kind === 'done' && result.hello?.resumed === true,
    clientSees: failed === null || failed.hello !== null ? '' : failed.clientSees,
    serverSees: failed?.serverSees ?? '',
  })
}

function stepsOf(chain: Chain, { tls }: ConnectionAttempt, result: Handshake): Step[] {
  const { sni = '', alpn = [], versions = { min: 12, max: 13 } } = tls ?? {}
  const steps: Step[] = [
    {
      step: 'ClientHello',
      note: `server name ${sni || 'none'}, ALPN ${alpn.join(', ') || 'none'}, ${version(versions.min)} to ${version(versions.max)}`,
    },
    { step: 'filter chain', note: chain.name },
  ]
  if (result.kind === 'not tls') return [...steps, { step: 'verification', note: 'there is no certificate to show' }]
  const { hello } = result
  if (result.kind === 'done' && result.agreed !== null)
    steps.push({
      step: 'ServerHello',
      note: `${version(result.agreed.version)}, ${result.agreed.cipher}, ALPN ${hello?.alpn ?? 'none'}`,
    })
  if (hello?.certificate != null) steps.push({ step: 'server certificate', note: told(hello.certificate) })
  if (chain.tls?.checked === true && tls?.certificate != null)
    steps.push({ step: 'client certificate', note: told(tls.certificate) })
  if (result.kind === 'failed') return [...steps, { step: 'verification', note: result.words }]
  if (result.client !== null)
    steps.push({ step: 'verification', note: `the client is ${result.client.sans[0] ?? result.client.subject}` })
  return [...steps, { step: 'Finished', note: hello?.resumed === true ? 'a session was resumed' : 'a new session' }]
}

const told = ({ sans, subject, issuer }: CertificateIdentity): string =>
  `${sans.join(', ') || subject}, signed under ${issuer}`
