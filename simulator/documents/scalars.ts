// Plain scalars as Kubernetes' tools read them: kubectl, istioctl and istiod all use go-yaml v2, which keeps YAML 1.1's
// booleans (`yes`, `on`, `n`), octal numbers with a leading zero and underscores in numbers.
// Source: go.yaml.in/yaml/v2 resolve.go (sigs.k8s.io/yaml stands on it).
import type { ScalarTag, Tags } from 'yaml'

const stringifyBoolean = ({ value }: { value: unknown }): string => String(value)

const boolean = (value: boolean, test: RegExp): ScalarTag => ({
  identify: found => found === value,
  default: true,
  tag: 'tag:yaml.org,2002:bool',
  test,
  resolve: () => value,
  stringify: stringifyBoolean,
})

/** Go's strconv.ParseInt with base 0; a leading zero before an 8 or 9 makes it a float, which is decimal. */
function integer(text: string): number {
  const plain = text.replaceAll('_', '')
  const sign = plain.startsWith('-') ? -1 : 1
  const digits = plain.replace(/^[-+]/, '')
  if (/^0[xXoObB]/.test(digits)) return sign * Number(digits)
  return sign * (/^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.parseInt(digits, 10))
}

const writeNumber = ({ value }: { value: unknown }): string => String(value)

const goInteger: ScalarTag = {
  identify: value => typeof value === 'number' && Number.isInteger(value),
  default: true,
  tag: 'tag:yaml.org,2002:int',
  test: /^[-+]?(?:0[xX][0-9a-fA-F_]*[0-9a-fA-F]_*|0[oO][0-7_]*[0-7]_*|0[bB][01_]*[01]_*|[0-9][0-9_]*)$/,
  resolve: integer,
  stringify: writeNumber,
}

const goFloat: ScalarTag = {
  identify: value => typeof value === 'number',
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /^(?:\.[0-9]+|[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?))(?:[eE][-+]?[0-9]+)?$/,
  resolve: text => Number(text.replaceAll('_', '')),
  stringify: writeNumber,
}

const OURS: ReadonlySet<string> = new Set(['tag:yaml.org,2002:bool', 'tag:yaml.org,2002:int'])
/** Not-a-number and the infinities stay, to be refused. */
const isFiniteFloat = (tag: ScalarTag): boolean => tag.tag === 'tag:yaml.org,2002:float' && !tag.test?.test('.nan')

/** The library's core schema with go-yaml's reading of plain scalars; also what must be quoted when such text is written. */
export const goYamlTags = (tags: Tags): Tags => [
  ...tags.filter(tag => typeof tag === 'string' || !(OURS.has(tag.tag) || isFiniteFloat(tag as ScalarTag))),
  boolean(true, /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/),
  boolean(false, /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/),
  goInteger,
  goFloat,
]
