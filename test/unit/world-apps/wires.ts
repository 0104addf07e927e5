// The smallest network on which applications and clients can be tried: every message takes 100 µs, nobody is proxied.
import type { Engine, EventHandler } from '../../../simulator/engine/index.ts'
import type { ClientRecord, Observation, Recorder, ServedRecord } from '../../../simulator/observation/types.ts'
import type {
  Acceptor,
  ClientConnection,
  DialObserver,
  DialTarget,
  HttpRequest,
  Network,
  Responder,
  ResponseObserver,
} from '../../../simulator/wire/types.ts'

export const HOP_US = 100

class Later implements EventHandler {
  private readonly act: () => void
  constructor(act: () => void) {
    this.act = act
  }
  onEvent(): void {
    this.act()
  }
}

export class Wires implements Network {
  readonly ears = new Map<string, Acceptor>()
  dials = 0
  private readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  private later(act: () => void): void {
    this.engine.after(HOP_US, new Later(act), 1, null)
  }

  dial(target: DialTarget, observer: DialObserver): { cancel(): void } {
    this.dials++
    let open = true
    const waiting = new Map<ResponseObserver, Responder>()
    const toClient = (act: () => void) => this.later(() => (open ? act() : undefined))
    this.later(() => {
      const ear = this.ears.get(`${target.ip}:${target.port}`)
      if (ear === undefined) return toClient(() => observer.onConnectFailure('refused', ''))
      const { tls, firstBytes } = target
      const attempt = { sourceIp: '10.0.0.9', sourcePort: 1, destinationIp: target.ip, destinationPort: target.port }
      const result = ear.accept(
        { ...attempt, tls, firstBytes },
        {
          send: data => toClient(() => observer.onData(data)),
          close: how =>
            toClient(() => {
              for (const each of [...waiting.keys()]) each.onReset('connection termination', '')
              observer.onClosed(how)
            }),
        },
      )
      if (result.kind !== 'accepted') return toClient(() => observer.onConnectFailure('reset', ''))
      const connection: ClientConnection = {
        alpn: null,
        peerCertificate: null,
        localAddress: '10.0.0.9:1',
        request: (request: HttpRequest, answer: ResponseObserver) => {
          const responder: Responder = {
            onCancel: null,
            respond: response =>
              toClient(() => {
                if (waiting.delete(answer)) answer.onResponse(response)
              }),
            reset: reason => toClient(() => answer.onReset(reason, '')),
          }
          waiting.set(answer, responder)
          this.later(() => result.handler.onRequest(request, responder))
          return {
            cancel: () => {
              if (waiting.delete(answer)) this.later(() => responder.onCancel?.())
            },
          }
        },
        send: data => this.later(() => result.handler.onData(data)),
        close: () => {
          open = false
          this.later(() => {
            for (const responder of waiting.values()) responder.onCancel?.()
            result.handler.onClosed()
          })
        },
      }
      toClient(() => observer.onConnected(connection))
    })
    return {
      cancel: () => {
        open = false
      },
    }
  }
}

/** Keeps everything. */
export class Memory implements Recorder {
  readonly all: Observation[] = []
  wants(): boolean {
    return true
  }
  wantsTrail(): boolean {
    return false
  }
  record(observation: Observation): void {
    this.all.push(observation)
  }
  get served(): ServedRecord[] {
    return this.all.filter(item => item.kind === 'served')
  }
  get clients(): ClientRecord[] {
    return this.all.filter(item => item.kind === 'client')
  }
}
