// Walks the checklist of Istio's API: every field in it is one that the kind's schema knows.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { lookupKind } from '../../../simulator/resources/catalog.ts'
import { MeshSettings } from '../../../simulator/resources/mesh/mesh-config.ts'
import { ROOT } from '../../house/sources.ts'

const page = join(ROOT, '../shared/reference/api-fields.md')
const here = existsSync(page)
if (!here) process.stdout.write('checklist: skipped, ../shared/reference/api-fields.md is not here\n')

/** Sections of the page and the kinds that they describe; the first of several versions is asked. */
const KINDS: Record<number, string[]> = {
  1: ['networking.istio.io/v1 VirtualService'],
  2: ['networking.istio.io/v1 DestinationRule'],
  3: ['networking.istio.io/v1 Gateway'],
  4: ['networking.istio.io/v1 ServiceEntry', 'networking.istio.io/v1 WorkloadEntry'],
  5: ['networking.istio.io/v1 WorkloadEntry', 'networking.istio.io/v1 WorkloadGroup'],
  6: ['networking.istio.io/v1 Sidecar'],
  7: ['networking.istio.io/v1alpha3 EnvoyFilter'],
  8: ['networking.istio.io/v1beta1 ProxyConfig'],
  9: ['security.istio.io/v1 PeerAuthentication'],
  10: ['security.istio.io/v1 RequestAuthentication'],
  11: ['security.istio.io/v1 AuthorizationPolicy'],
  12: ['telemetry.istio.io/v1 Telemetry'],
  13: ['extensions.istio.io/v1alpha1 WasmPlugin', 'extensions.istio.io/v1alpha1 TrafficExtension'],
}

/** Names of all fields at any depth. */
function namesIn(schema: unknown, found = new Set<string>(), seen = new Set<unknown>()): Set<string> {
  if (seen.has(schema)) return found
  seen.add(schema)
  if (schema instanceof z.ZodObject) {
    for (const [key, inner] of Object.entries(schema.shape)) {
      found.add(key)
      namesIn(inner, found, seen)
    }
  } else if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) namesIn(schema.unwrap(), found, seen)
  else if (schema instanceof z.ZodArray) namesIn(schema.element, found, seen)
  else if (schema instanceof z.ZodRecord) namesIn(schema.valueType, found, seen)
  else if (schema instanceof z.ZodUnion) for (const option of schema.options) namesIn(option, found, seen)
  return found
}

/** The names in the first column of the section's tables: `tcp.maxConnections`, `hosts, ports`, `minHealthPercent ?`. */
function fieldsOf(section: string): string[] {
  const rows = section.split('\n').filter(line => line.startsWith('| ') && !/^\| (?:field|fact|type) /.test(line))
  return rows.flatMap(row =>
    (row.split('|')[1] ?? '')
      .replace(/\{[^}]*\}|\([^)]*\)|\*\*[^*]*\*\*|\[\]|\?/g, ' ')
      .split(/[,/\s]+/)
      .flatMap(name => name.split('.'))
      .filter(name => /^[a-z][A-Za-z0-9]+$/.test(name)),
  )
}

const sections = here ? readFileSync(page, 'utf8').split(/^## (?=\d+\.)/m) : []
const sectionOf = (number: number): string => sections.find(text => text.startsWith(`${number}.`)) ?? ''

describe.skipIf(!here)('the checklist', () => {
  test.each(Object.entries(KINDS))('section %s', (number, kinds) => {
    const known = new Set<string>()
    for (const kind of kinds) {
      const [apiVersion = '', name = ''] = kind.split(' ')
      const entry = lookupKind(apiVersion, name)
      expect(entry?.apiVersions, kind).toContain(apiVersion)
      namesIn(entry?.schema, known)
    }
    expect(known.size).toBeGreaterThan(1)
    const fields = fieldsOf(sectionOf(Number(number)))
    // sections 5 and 7 to 13 are prose without a table
    expect(fields.length > 4).toBe(['1', '2', '3', '4', '6'].includes(number))
    expect(fields.filter(name => !known.has(name))).toEqual([])
  })
  test('MeshConfig', () => {
    const meshFields = namesIn(MeshSettings)
    const names = [...fieldsOf(sectionOf(14)), ...fieldsOf(sectionOf(15))]
    expect(names.length).toBeGreaterThan(40)
    expect(names.filter(name => !meshFields.has(name))).toEqual([])
  })
})
