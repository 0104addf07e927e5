// Answers by status and class under Envoy's names, `upstream_rq_503` and `upstream_rq_5xx` (source/common/http/codes.cc).

const STATUSES = 600
const NAME = /^upstream_rq_(\d)(\d\d|xx)$/

export class StatusCounts {
  /** By status; null until the first answer, since most clusters of a mesh never see one. */
  private counts: Uint32Array | null = null

  count(status: number): void {
    this.counts ??= new Uint32Array(STATUSES)
    if (status < STATUSES) this.counts[status]!++
  }

  /** 0 for what is no such name. */
  value(name: string): number {
    const [, first = '', rest = ''] = NAME.exec(name) ?? []
    if (this.counts === null || first === '') return 0
    if (rest !== 'xx') return this.counts[Number(first + rest)] ?? 0
    return this.counts.subarray(Number(first) * 100, Number(first) * 100 + 100).reduce((sum, n) => sum + n, 0)
  }

  /** What was counted, statuses and then their classes. */
  all(): [name: string, value: number][] {
    if (this.counts === null) return []
    const out: [string, number][] = []
    const classes = new Set<number>()
    for (const [status, n] of this.counts.entries()) {
      if (n === 0) continue
      out.push([`upstream_rq_${status}`, n])
      classes.add(Math.floor(status / 100))
    }
    for (const digit of classes) out.push([`upstream_rq_${digit}xx`, this.value(`upstream_rq_${digit}xx`)])
    return out
  }
}
