// What a session is made of.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import type { CardFrame } from './frame.ts'
import type { Start } from './run.ts'

/** Other meshes that a session can go over to. */
export interface Meshes {
  cards(): CardFrame[]
  /** A scenario by its name; a reason in words when there is none. */
  scenario(name: string, seed: string | undefined): SessionOptions | Diagnostic[] | string
  files(files: readonly SourceFile[], seed: string | undefined): SessionOptions | Diagnostic[]
}

export interface SessionOptions {
  start: Start
  files: readonly SourceFile[]
  about: {
    version: string
    model: string
    name: string
    title: string
    seed: string
    duration: number
    sentence: string
  }
}
