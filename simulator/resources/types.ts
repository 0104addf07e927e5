// A resource as the house knows it: kubectl's envelope, a spec in canonical protobuf-JSON form, and the way back to the text.
import type { Diagnostic, Path, Position } from '../diagnostics/types.ts'

export interface ObjectMeta {
  name: string
  /** '' for cluster-scoped kinds; 'default' is filled in for namespaced ones. */
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Seconds since the epoch; null when not given (then the order of documents decides what is older). */
  creationTimestamp: number | null
  /** Order of arrival in the whole input, from 0: the tie-break of everything. */
  order: number
}

/**
 * `spec` is canonical: camelCase keys, enums by name, durations and quantities still strings as written ("1.5s"),
 * int-or-string fields as written. Kinds without a spec (ConfigMap, Secret, EndpointSlice ...) have their top-level
 * fields in `spec` (all except apiVersion, kind, metadata, status).
 */
export interface Resource<Spec = unknown> {
  /** As written, e.g. networking.istio.io/v1beta1. */
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: Spec
  status: unknown
  /** Where the field at `path` (from the document's root) stands in the text; the nearest existing ancestor otherwise. */
  locate(path: Path): Position | null
}

export interface SourceFile {
  /** As shown to the user. */
  name: string
  content: string
}

export interface LoadResult {
  resources: Resource[]
  diagnostics: Diagnostic[]
}
