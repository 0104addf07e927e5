// The scripts are run by their shells where a shell is at hand; bash is everywhere that npm test runs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createProgram, main } from '../../../simulator/cli/program.ts'

const dir = mkdtempSync(join(tmpdir(), 'meshsim-completion-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function script(shell: string): Promise<string> {
  const out: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => out.push(String(text)) > 0)
  try {
    expect(await main(['completion', shell], async () => {})).toBe(0)
  } finally {
    stdout.mockRestore()
  }
  return out.join('')
}

/** What bash offers for the last word of a line. */
function offered(text: string, ...words: string[]): string[] {
  const line = words.map(word => `'${word}'`).join(' ')
  const driver = `${text}\nCOMP_WORDS=(meshsim ${line}); COMP_CWORD=${words.length}; _meshsim; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', ['-c', driver], { encoding: 'utf8', cwd: dir })
  return stdout.split('\n').filter(word => word !== '')
}

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

describe('bash', () => {
  test('the first word is a verb', async () => {
    expect(offered(await script('bash'), 'proxy-c')).toEqual(['proxy-config'])
  })
  test('a flag of the verb, and of all verbs', async () => {
    const text = await script('bash')
    expect(offered(text, 'run', '--du')).toEqual(['--duration'])
    expect(offered(text, 'run', '--col')).toEqual(['--color'])
  })
  test('values of a flag', async () => {
    expect(offered(await script('bash'), 'run', '-o', 'js')).toEqual(['json'])
  })
  test('subcommands and their flags', async () => {
    const text = await script('bash')
    expect(offered(text, 'scenario', 'li')).toEqual(['list'])
    expect(offered(text, 'scenario', 'list', '-o', 'n')).toEqual(['name'])
  })
})

test.each(['bash', 'zsh', 'fish'])('%s accepts its script, and it knows every verb', async shell => {
  const text = await script(shell)
  for (const verb of createProgram({ end: () => {}, serve: async () => {} }).commands)
    expect(text).toContain(verb.name())
  if (!has(shell)) return
  const folder = mkdtempSync(join(dir, 'script-'))
  const file = join(folder, shell)
  writeFileSync(file, text)
  const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  expect([status, stderr]).toEqual([0, ''])
})
