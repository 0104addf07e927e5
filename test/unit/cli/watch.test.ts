import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { answering, difference } from '../../../simulator/cli/watch.ts'

test('the difference is lines that went and lines that came', () => {
  expect(difference('a\nb\nc\n', 'a\nB\nc\n')).toBe('- b\n+ B\n')
  expect(difference('a\n', 'a\n')).toBe('no difference\n')
})

test('a change of a file brings the difference; an interrupt ends in 130', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'meshsim-watch-'))
  const file = join(dir, 'a.yaml')
  writeFileSync(file, 'one')
  const out: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => out.push(String(text)) > 0)
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  try {
    let answers = 0
    const ended = answering([dir], () => ({ text: `answer ${++answers}\n`, code: 0 }))
    await vi.waitFor(() => expect(out).toEqual(['answer 1\n']))
    let text = 'two'
    await vi.waitFor(
      () => {
        if (out.length < 2) writeFileSync(file, (text += '!'))
        expect(out[1]).toBe('- answer 1\n+ answer 2\n')
      },
      { timeout: 10_000, interval: 500 },
    )
    process.emit('SIGINT')
    expect(await ended).toBe(130)
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
    rmSync(dir, { recursive: true, force: true })
  }
})
