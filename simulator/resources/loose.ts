/**
 * A message as protobuf JSON decodes it: any field may be absent. What the CRD's schema requires is the API server's
 * business; istiod's validators and the analyzers must stand what comes.
 */
export type Loose<T> = T extends readonly (infer Item)[]
  ? Loose<Item>[]
  : T extends object
    ? { [K in keyof T]?: Loose<T[K]> | undefined }
    : T
