// Findings as istioctl analyze prints them: `Error [IST0101] (VirtualService default/reviews a.yaml:10) text`.
import type { Level } from '../../diagnostics/types.ts'
import type { Remark } from '../../scenario/index.ts'

const COLOUR: Record<Level, string> = { error: '1;31', warning: '33', info: '' }

export const levelName = (level: Level): string => `${level[0]?.toUpperCase() ?? ''}${level.slice(1)}`

/** `file:line`, with the column where the house found the place itself; '' when there is none. */
export function referenceOf({ at, line }: Remark): string {
  if (at === null) return ''
  return line === undefined ? `${at.file}:${at.line}:${at.column}` : `${at.file}:${line}`
}

function lineOf(remark: Remark, colour: boolean): string {
  const code = COLOUR[remark.level]
  const level = colour && code !== '' ? `\u001b[${code}m${levelName(remark.level)}\u001b[0m` : levelName(remark.level)
  const origin = [remark.resource, referenceOf(remark)].filter(part => part !== '').join(' ')
  const help = remark.hint === undefined ? '' : `\n  help: ${remark.hint}`
  return `${level} [${remark.code}]${origin === '' ? '' : ` (${origin})`} ${remark.message}${help}`
}

export const logText = (remarks: readonly Remark[], colour: boolean): string =>
  remarks.map(remark => `${lineOf(remark, colour)}\n`).join('')

/** istioctl's fields, and beside them the same place in parts. */
export function plainRemark(remark: Remark): Record<string, unknown> {
  const { code, level, message, resource, path, at, line, hint } = remark
  const reference = referenceOf(remark)
  return {
    code,
    level: levelName(level),
    ...(resource === '' ? {} : { origin: resource }),
    ...(reference === '' ? {} : { reference }),
    message,
    ...(documentationOf(code) === undefined ? {} : { documentationUrl: documentationOf(code) }),
    ...(at === null ? {} : { file: at.file, line: line ?? at.line, column: at.column }),
    ...(path.length === 0 ? {} : { path }),
    ...(hint === undefined ? {} : { hint }),
  }
}

/** Istio has a page for each of its codes. */
export const documentationOf = (code: string): string | undefined =>
  code.startsWith('IST') ? `https://istio.io/latest/docs/reference/config/analysis/${code.toLowerCase()}/` : undefined
