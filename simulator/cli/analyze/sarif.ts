// Findings as SARIF 2.1.0, what code scanning of GitHub, GitLab and editors reads (OASIS sarif-v2.1.0, sections 3.13 on).
import type { Log, ReportingDescriptor, Result } from 'sarif'
import { messageTypes } from '../../analysis/index.ts'
import { codes } from '../../diagnostics/index.ts'
import type { Level } from '../../diagnostics/types.ts'
import { type Remark, VERSION } from '../../scenario/index.ts'
import { documentationOf } from './log.ts'

const LEVEL: Record<Level, Result.level> = { error: 'error', warning: 'warning', info: 'note' }

function ruleOf(code: string): ReportingDescriptor {
  const type = messageTypes.get(code)
  const help = documentationOf(code)
  return {
    id: code,
    ...(type === undefined ? {} : { name: type.name }),
    shortDescription: { text: type?.name ?? codes[code] ?? code },
    ...(help === undefined ? {} : { helpUri: help }),
  }
}

function resultOf({ code, level, message, resource, at, line, hint }: Remark, rules: readonly string[]): Result {
  const file = at?.file.replaceAll('\\', '/')
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    level: LEVEL[level],
    message: { text: hint === undefined ? message : `${message}\n${hint}` },
    ...(at === null || file === undefined
      ? {}
      : {
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(file) },
                region: { startLine: at.line, startColumn: at.column },
              },
              ...(resource === '' ? {} : { logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }] }),
            },
          ],
        }),
    ...(line === undefined ? {} : { properties: { istioctlLine: line } }),
  }
}

export function sarifLog(remarks: readonly Remark[]): Log {
  const rules = [...new Set(remarks.map(({ code }) => code))]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'meshsim', version: VERSION, rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: remarks.map(remark => resultOf(remark, rules)),
      },
    ],
  }
}
