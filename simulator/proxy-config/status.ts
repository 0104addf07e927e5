// `istioctl proxy-status`: who is in step with istiod (istioctl/pkg/writer/pilot/status.go).
import { XDS_TYPES, type XdsType } from '../xds/protocol.ts'
import { formatTable } from './table.ts'

export interface ProxyStatusRow {
  /** `name.namespace`. */
  name: string
  cluster: string
  /** Of each type: its status, and the age of what was sent last, µs. */
  types: Record<XdsType, { status: string; age: number }>
  /** Replica of istiod; '' = none. */
  istiod: string
}

const COLUMNS = ['CDS', 'LDS', 'EDS', 'RDS'] as const satisfies readonly XdsType[]

/** The table. ECDS is there because istioctl has the column: nothing of it is sent here. */
export function statusTable(rows: readonly ProxyStatusRow[], version: string): string {
  const header = ['NAME', 'CLUSTER', ...COLUMNS, 'ECDS', 'ISTIOD', 'VERSION']
  const lines = rows.map(({ name, cluster, types, istiod }) => [
    name,
    cluster,
    ...COLUMNS.map(type => cell(types[type])),
    'IGNORED',
    istiod,
    version,
  ])
  return formatTable([header, ...lines], 5)
}

/** Is every proxy in step in every type that it was sent? */
export const inStep = (rows: readonly ProxyStatusRow[]): boolean =>
  rows.every(({ types }) =>
    XDS_TYPES.every(type => types[type].status === 'SYNCED' || types[type].status === 'NOT SENT'),
  )

function cell({ status, age }: { status: string; age: number }): string {
  return status === 'NOT SENT' ? status : `${status} (${humanDuration(Math.floor(age / 1_000_000))})`
}

/** As Kubernetes prints ages (k8s.io/apimachinery/pkg/util/duration, HumanDuration). */
function humanDuration(seconds: number): string {
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
