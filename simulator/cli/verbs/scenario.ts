// `scenario list|show`: what can be run, and what one of them teaches.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { scenarioJsonSchema } from '../../scenario/index.ts'
import { ownScenarios, readScenario, scenariosBelow } from '../files.ts'
import { type DefineVerb, examples, output } from '../verb.ts'

type Output = 'text' | 'json' | 'name'

export const defineScenario: DefineVerb = program => {
  const scenario = program
    .command('scenario')
    .description('the scenarios that come with meshsim, and a new one for a mesh of your own')
    .addHelpText(
      'after',
      examples('meshsim scenario list', 'meshsim scenario show bookinfo', 'meshsim scenario list -o json'),
    )
  scenario
    .command('list')
    .description('names and titles')
    .addOption(output('text', 'json', 'name'))
    .action((flags: { output: Output }) => listScenarios(flags.output))
  scenario
    .command('show')
    .description('what one teaches')
    .argument('<scenario>', 'folder or name')
    .addOption(output('text', 'json'))
    .action((name: string, flags: { output: Output }) => showScenario(name, flags.output))
  scenario
    .command('schema')
    .description('JSON Schema of scenario.yaml, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`)
    })
}

function listScenarios(output: Output): void {
  const rows = scenariosBelow(ownScenarios()).map(dir => {
    const { scenario } = readScenario(dir)
    return { name: basename(dir), title: scenario.title, duration: scenario.duration }
  })
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    return
  }
  if (output === 'name') {
    process.stdout.write(rows.map(row => `${row.name}\n`).join(''))
    return
  }
  const width = Math.max(4, ...rows.map(row => row.name.length))
  process.stdout.write(`${'NAME'.padEnd(width)}  TITLE\n`)
  for (const row of rows) process.stdout.write(`${row.name.padEnd(width)}  ${row.title}\n`)
}

function showScenario(name: string, output: Output): void {
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
