// Values -> YAML that Kubernetes' tools read back as the same values.
import { stringify } from 'yaml'
import { goYamlTags } from './scalars.ts'

/** Block-style YAML, lines unfolded; text that go-yaml would take for a boolean or a number is quoted. */
export const printYaml = (value: unknown): string => stringify(value, { lineWidth: 0, customTags: goYamlTags })
