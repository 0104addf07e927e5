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
  /** Where one is written. */
  uid?: string
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
  /** How istioctl names the place; absent on resources that the house made itself. */
  origin?: Origin
}

export interface Origin {
  file: string
  /** First line of the resource's document. */
  line: number
  /** Line of the scalar field at `path`, or null. */
  lineOf(path: Path): number | null
}

export interface SourceFile {
  /** As shown to the user. */
  name: string
  content: string
}

export interface LoadResult {
  resources: Resource[]
  /**
   * Resources that their schema refuses but protobuf can decode (unknown fields, values out of range, broken rules of
   * the CRD): no part of any mesh, but istioctl analyze judges them as well.
   */
  refused: Resource[]
  /** Documents that could not be read at all: no YAML, no kind, or no such message. */
  unreadable: number
  diagnostics: Diagnostic[]
}
