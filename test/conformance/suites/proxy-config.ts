// Suite proxy-config: istioctl's tables, printed from the resources of the xds suite's file that each case names.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { clustersTable, endpointsTable, listenersTable, routesTable } from '../../../simulator/proxy-config/index.ts'
import type { ProxyConfiguration } from '../../../simulator/xds/types.ts'
import type { SuiteRunner } from '../types.ts'

interface TableCase {
  xds: string
  proxy: string
  output: Record<string, string | { exit: number; stderr: string }>
}

/** Prints as the command line after `proxy-config` says; null = nothing found. */
function print(command: string, configuration: ProxyConfiguration): string | null {
  const [kind = '', ...rest] = command.split(' ')
  const flags = new Map<string, string>()
  for (let i = 0; i + 1 < rest.length; i += 2) flags.set(rest[i]!.replace(/^--/, ''), rest[i + 1]!)
  const port = flags.has('port') ? { port: Number(flags.get('port')) } : {}
  const text = (name: string): Record<string, string> => (flags.has(name) ? { [name]: flags.get(name)! } : {})
  if (kind === 'listeners') {
    return listenersTable(configuration.listeners, { ...port, ...text('address'), ...text('type') })
  }
  if (kind === 'routes') return routesTable(configuration.routes, text('name'))
  if (kind === 'endpoints') return endpointsTable(configuration.endpoints)
  return clustersTable(configuration.clusters, { ...port, ...text('fqdn'), ...text('subset'), ...text('direction') })
}

const trimmed = (text: string): string =>
  text
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .trimEnd()

function firstDifference(expected: string, got: string): [string, string] {
  const a = expected.split('\n')
  const b = got.split('\n')
  const at = a.findIndex((line, i) => line !== b[i])
  return at < 0 ? ['(end)', b[a.length] ?? ''] : [a[at]!, b[at] ?? '(end)']
}

export const run: SuiteRunner = async (dir, report) => {
  const folders = [join(dirname(dir), 'xds'), join(process.cwd(), '../shared/conformance/xds'), join(dir, 'xds')]
  for (const file of readdirSync(dir)
    .filter(name => name.endsWith('.json'))
    .sort()) {
    const { cases } = JSON.parse(readFileSync(join(dir, file), 'utf8')) as { cases: TableCase[] }
    for (const one of cases) {
      const id = `${one.xds} ${one.proxy}`
      const source = folders.map(folder => join(folder, one.xds)).find(path => existsSync(path))
      if (source === undefined) {
        report({ id, passed: false, expected: `xds file ${one.xds}`, got: 'no such file' })
        continue
      }
      const configuration = JSON.parse(readFileSync(source, 'utf8')).proxies[one.proxy] as ProxyConfiguration
      let failure: { expected: string; got: string } | null = null
      for (const [command, expected] of Object.entries(one.output)) {
        const table = print(command, configuration)
        const got = table ?? `Error: no ${command.split(' ')[0]} found`
        const wanted = typeof expected === 'string' ? expected : expected.stderr
        if (trimmed(got) === trimmed(wanted)) continue
        const [a, b] = firstDifference(trimmed(wanted), trimmed(got))
        failure ??= { expected: `${command}: ${a}`, got: b }
      }
      report({ id, passed: failure === null, expected: failure?.expected ?? '', got: failure?.got ?? '' })
    }
  }
}
