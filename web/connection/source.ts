// Where frames come from. The served page and the page with its own engine differ in this alone.
import type { Command } from '../../simulator/stream/command.ts'
import type { Frame } from '../../simulator/stream/frame.ts'

export interface Source {
  send(command: Command): void
}

export interface Listener {
  frame(frame: Frame): void
  connected(yes: boolean): void
}
