// `--watch`: the verb answers again after each change of its files, and prints what is different from the answer before.
import { watch } from 'chokidar'
import { Option } from 'commander'
import { diffLines } from 'diff'
import { wantsColour } from './colour.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'

export interface Answer {
  /** For stdout. */
  text: string
  /** Exit code. */
  code: number
}

export const watchFlag = (): Option =>
  new Option('-w, --watch', 'answer again when a file changes, and print the difference')

/** A burst of writes (an editor's, git's) counts as one change. */
const QUIET_MS = 100

/**
 * Writes the answer; resolves to its exit code. With `watched` paths it goes on after each change of theirs until the user
 * interrupts it, and a failure is told instead of ending the command.
 */
export async function answering(
  watched: readonly string[] | null,
  answer: () => Answer | Promise<Answer>,
): Promise<number> {
  if (watched === null) {
    const { text, code } = await answer()
    process.stdout.write(text)
    return code
  }
  const watcher = watch([...watched], {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: QUIET_MS, pollInterval: 20 },
  })
  let before: string | null = null
  let changed: () => void = () => {}
  let stopped = false
  watcher.on('all', () => changed())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopped = true
      changed()
    })
  }
  while (!stopped) {
    const next = new Promise<void>(resolve => {
      changed = resolve
    })
    try {
      const { text } = await answer()
      process.stdout.write(before === null ? text : difference(before, text))
      before = text
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      process.stderr.write(`error: ${error.message}\n`)
    }
    process.stderr.write(`watching ${watched.join(', ')} (Ctrl-C ends)\n`)
    await next
  }
  await watcher.close()
  return EXIT.interrupted
}

/** Lines that went (`-`) and came (`+`), or a word that nothing did. */
export function difference(before: string, after: string): string {
  const paint = (code: string, text: string): string =>
    wantsColour(process.stdout) ? `\u001b[${code}m${text}\u001b[0m` : text
  const lines = diffLines(before, after)
    .filter(part => part.added || part.removed)
    .flatMap(part =>
      part.value
        .trimEnd()
        .split('\n')
        .map(line => (part.added ? paint('32', `+ ${line}`) : paint('31', `- ${line}`))),
    )
  return lines.length === 0 ? 'no difference\n' : `${lines.join('\n')}\n`
}
