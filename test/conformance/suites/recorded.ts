// Suite `recorded`: meshes and requests whose outcome real istiod and real Envoy decided.
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Case, type Observed, readCase } from '../recorded/case.ts'
import { compare } from '../recorded/compare.ts'
import { runCase } from '../recorded/run.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'

/** A share is judged over this many runs. */
const SEEDS = 20
const WIDTH = 300

/** Runs every case file below `dir`. */
export const run: SuiteRunner = async (dir, report) => {
  for (const file of files(dir)) report(judge(relative(dir, file), file))
}

function files(dir: string): string[] {
  const out: string[] = []
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.isDirectory()) out.push(...files(join(dir, entry.name)))
    else if (entry.name.endsWith('.yaml')) out.push(join(dir, entry.name))
  }
  return out
}

function judge(id: string, file: string): CaseResult {
  try {
    return { id, ...judgeCase(readCase(file)) }
  } catch (error) {
    const message =
      error instanceof Error ? `${error.message} ${(error.stack ?? '').split('\n')[1]?.trim() ?? ''}` : String(error)
    return { id, passed: false, expected: 'a run', got: message.slice(0, WIDTH) }
  }
}

function judgeCase(c: Case): { passed: boolean; expected: string; got: string } {
  const shares = c.steps.some(step => step.compare === 'statistical')
  const runs: (Observed | null)[][] = []
  for (let i = 0; i < (shares ? SEEDS : 1); i++) runs.push(runCase(c, `${c.name}/${i}`))
  for (const [i, step] of c.steps.entries()) {
    if (step.observed === undefined) continue
    const statistical = step.compare === 'statistical'
    const observed = (statistical ? runs : runs.slice(0, 1)).map(r => r[i] ?? {})
    const [first] = compare(step.observed, observed, statistical, step.varies ?? [])
    if (first === undefined) continue
    return {
      passed: false,
      expected: `step ${i + 1} ${first.where}: ${show(first.recorded)}`,
      got: show(first.now),
    }
  }
  return { passed: true, expected: '', got: '' }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing').slice(0, WIDTH)
}
