// A mesh without a simulator: records of bookinfo written by hand, one page view after another, so that frames can be
// tested by themselves and the page can be looked at without a run.
import type { Diagnostic } from '../../../simulator/diagnostics/types.ts'
import { Engine } from '../../../simulator/engine/index.ts'
import type { EventHandler } from '../../../simulator/engine/types.ts'
import type { Recorder } from '../../../simulator/observation/index.ts'
import type { SourceFile } from '../../../simulator/resources/types.ts'
import type { Cast, CastPod } from '../../../simulator/stream/cast.ts'
import type { RunningMesh } from '../../../simulator/stream/run.ts'
import { FrameSource } from '../../../simulator/stream/session.ts'
import { blank } from '../observation/records.ts'

const NAMES = ['productpage-v1', 'details-v1', 'reviews-v1', 'reviews-v2', 'reviews-v3', 'ratings-v1'] as const

function pod(workload: string, i: number): CastPod {
  const [app = '', version = ''] = workload.split('-')
  return {
    id: `${workload}-1.default`,
    ip: `10.0.0.${i}`,
    workload,
    namespace: 'default',
    app,
    version,
    labels: { app, version },
    gateway: false,
    proxied: true,
  }
}

const GATEWAY: CastPod = {
  id: 'istio-ingressgateway-1.istio-system',
  ip: '10.0.1.1',
  workload: 'istio-ingressgateway',
  namespace: 'istio-system',
  app: 'istio-ingressgateway',
  version: '',
  labels: { istio: 'ingressgateway' },
  gateway: true,
  proxied: true,
}

export const BOOKINFO: Cast = {
  pods: [GATEWAY, ...NAMES.map((name, i) => pod(name, i + 1))],
  services: ['productpage', 'details', 'reviews', 'ratings'].map(name => ({
    name,
    namespace: 'default',
    selector: { app: name },
  })),
  loads: [{ name: 'readers', source: 'internet', target: 'istio-ingressgateway.istio-system' }],
  calls: [
    { from: GATEWAY.id, host: 'productpage.default' },
    { from: 'productpage-v1-1.default', host: 'details' },
    { from: 'productpage-v1-1.default', host: 'reviews' },
    { from: 'reviews-v2-1.default', host: 'ratings' },
    { from: 'reviews-v3-1.default', host: 'ratings' },
  ],
}

/** One page view every 50 ms; every 17th fails at ratings. */
export class HandmadeMesh implements RunningMesh, EventHandler {
  readonly engine = new Engine()
  private readonly recorder: Recorder
  private trace = 0
  private span = 0
  private version = 1

  constructor(recorder: Recorder) {
    this.recorder = recorder
    this.engine.schedule(0, this, 1, null)
  }

  get now(): number {
    return this.engine.now
  }

  runUntil(until: number): void {
    this.engine.runUntil(until)
  }

  step(): boolean {
    return this.engine.step()
  }

  fingerprint(): string {
    return this.engine.fingerprint()
  }

  cast(): Cast {
    return BOOKINFO
  }

  castMark(): unknown {
    return 'always'
  }

  proxy(): null {
    return null
  }

  resources(): [] {
    return []
  }

  applyFiles(files: readonly SourceFile[]): Diagnostic[] {
    const bad = files.find(file => file.content.includes('nonsense'))
    if (bad !== undefined) {
      const line = bad.content.split('\n').findIndex(text => text.includes('nonsense')) + 1
      const at = { file: bad.name, line, column: 1 }
      return [{ code: 'SIM0201', level: 'error', message: 'unknown field nonsense', resource: '', path: [], at }]
    }
    this.recorder.record({ kind: 'mark', at: this.now, what: 'apply VirtualService reviews' })
    this.version++
    for (const { id } of BOOKINFO.pods) {
      this.recorder.record({
        kind: 'push',
        at: this.now,
        proxy: id,
        types: ['RDS'],
        version: String(this.version),
        nack: '',
        convergence: 0,
      })
    }
    return []
  }

  onEvent(_kind: number, subject: unknown): void {
    if (subject !== null) {
      for (const record of subject as Parameters<Recorder['record']>[0][]) this.recorder.record(record)
      return
    }
    this.engine.after(50_000, this, 1, null)
    this.page(this.now, ++this.trace)
  }

  private page(at: number, traceId: number): void {
    const fails = traceId % 17 === 0
    const version = traceId % 10 === 0 ? 'v2' : traceId % 5 === 1 ? 'v3' : 'v1'
    const records: Parameters<Recorder['record']>[0][] = []
    const call = (
      from: string,
      to: string,
      index: number,
      parentSpan: number,
      offset: number,
      took: number,
    ): number => {
      const span = ++this.span
      const app = to.split('-')[0] ?? ''
      const ratings = app === 'ratings' && fails
      records.push({
        ...blank,
        span,
        parentSpan,
        traceId,
        proxy: from,
        pod: from,
        direction: from.startsWith('istio') ? 'gateway' : 'outbound',
        start: at + offset,
        end: at + offset + took,
        upstreamStart: at + offset + 200,
        authority: `${app}:9080`,
        path: `/${app}/0`,
        cluster: `outbound|9080||${app}.default.svc.cluster.local`,
        virtualHost: `${app}.default.svc.cluster.local:9080`,
        upstreamHost: `10.0.0.${index}:9080`,
        status: ratings ? 503 : 200,
        flags: ratings ? ['UF'] : [],
      })
      return span
    }
    const gateway = call(GATEWAY.id, 'productpage-v1', 1, 0, 500, 24_000)
    call('productpage-v1-1.default', 'details-v1', 2, gateway, 2_000, 4_000)
    const index = version === 'v1' ? 3 : version === 'v2' ? 4 : 5
    const reviews = call('productpage-v1-1.default', `reviews-${version}`, index, gateway, 7_000, 14_000)
    if (version !== 'v1') call(`reviews-${version}-1.default`, 'ratings-v1', 6, reviews, 9_000, 5_000)
    records.push({
      kind: 'client',
      traceId,
      source: 'readers',
      start: at,
      end: at + 25_000,
      method: 'GET',
      url: 'http://bookinfo.example.com/productpage',
      status: 200,
      failure: '',
      body: '',
    })
    this.engine.schedule(at + 25_000, this, 2, records)
  }
}

export const FILES: SourceFile[] = [
  { name: 'reviews.yaml', content: 'apiVersion: networking.istio.io/v1\nkind: VirtualService\n' },
  { name: 'ratings.yaml', content: 'apiVersion: v1\nkind: Service\n' },
]

export function handmadeSource(): FrameSource {
  return new FrameSource({
    files: FILES,
    about: {
      version: '0.0.0',
      model: 'by hand',
      name: 'bookinfo',
      title: 'Bookinfo, by hand',
      seed: '1',
      duration: 60_000_000,
      sentence: 'Page views reach a small bookshop.',
    },
    start: (_files, recorder) => ({ mesh: new HandmadeMesh(recorder), diagnostics: [] }),
  })
}
