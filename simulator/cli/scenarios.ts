// `scenario list|show`: what can be run, and what one of them teaches.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ownScenarios, readScenario, scenariosBelow } from './files.ts'

export function listScenarios(output: 'text' | 'json'): void {
  const rows = scenariosBelow(ownScenarios()).map(dir => {
    const { scenario } = readScenario(dir)
    return { name: basename(dir), title: scenario.title, duration: scenario.duration }
  })
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    return
  }
  const width = Math.max(4, ...rows.map(row => row.name.length))
  process.stdout.write(`${'NAME'.padEnd(width)}  TITLE\n`)
  for (const row of rows) process.stdout.write(`${row.name.padEnd(width)}  ${row.title}\n`)
}

export function showScenario(name: string, output: 'text' | 'json'): void {
  const { scenario, files } = readScenario(name)
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(scenario, null, 2)}\n`)
    return
  }
  const own = join(ownScenarios(), name, 'README.md')
  const page = [join(name, 'README.md'), own].find(path => existsSync(path))
  if (page !== undefined) process.stdout.write(readFileSync(page, 'utf8'))
  else process.stdout.write(`# ${scenario.title}\n${scenario.description ?? ''}\n`)
  process.stdout.write(`\nFiles: scenario.yaml, ${files.map(file => basename(file.name)).join(', ')}\n`)
}
