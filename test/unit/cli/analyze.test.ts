import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { main } from '../../../simulator/cli/program.ts'

const dir = mkdtempSync(join(tmpdir(), 'meshsim-analyze-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function analyze(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => out.push(String(text)) > 0)
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(text => err.push(String(text)) > 0)
  try {
    const code = await main(['analyze', ...args], async () => {})
    return { code, out: out.join(''), err: err.join('') }
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
  }
}

function file(name: string, text: string | Uint8Array): string {
  const path = join(dir, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}

const RULE = (destination: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews.example.com]
  http:
  - route:
    - destination: {host: ${destination}}
`
const missing = file('missing.yaml', RULE('nowhere'))
const good = file(
  'good/a/deep.yml',
  'apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{name: web, port: 80}]}\n',
)

describe('forms of the answer', () => {
  test("log is istioctl's: level, code, resource, file and line, text", async () => {
    const { code, out, err } = await analyze(missing)
    expect(code).toBe(79)
    expect(out).toContain(
      `Error [IST0101] (VirtualService default/reviews ${missing}:8) Referenced host not found: "nowhere"\n`,
    )
    expect(err).toContain('Analyzers found issues')
  })
  test('findings of our own follow, with the way to mend them', async () => {
    const { code, out } = await analyze('-f', good)
    expect(code).toBe(0)
    expect(out).toMatch(/^Info \[SIM0608\] \(Service default\/db .*deep\.yml:4:\d+\) the protocol of port 80/m)
    expect(out).toContain('\n  help: name the port')
  })
  test("json and yaml carry istioctl's fields and the place in parts", async () => {
    const json: unknown = JSON.parse((await analyze(missing, '-o', 'json')).out)
    expect(json).toMatchObject([
      {
        code: 'IST0101',
        level: 'Error',
        origin: 'VirtualService default/reviews',
        reference: `${missing}:8`,
        documentationUrl: expect.stringContaining('/ist0101/'),
        file: missing,
        line: 8,
        column: expect.any(Number),
      },
    ])
    expect(parse((await analyze(missing, '-o', 'yaml')).out)).toEqual(json)
  })
  test('sarif names tool, rules and places', async () => {
    const { code, out } = await analyze(missing, '-o', 'sarif')
    expect(code).toBe(79)
    expect(JSON.parse(out)).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'meshsim', rules: [{ id: 'IST0101', name: 'ReferencedResourceNotFound' }] } },
          results: [
            {
              ruleId: 'IST0101',
              ruleIndex: 0,
              level: 'error',
              locations: [{ physicalLocation: { region: { startLine: 8 } } }],
            },
          ],
        },
      ],
    })
  })
})

describe('what is looked at', () => {
  test('directories with all below them, and globs', async () => {
    expect((await analyze(join(dir, 'good'))).out).toContain('SIM0608')
    expect((await analyze(join(dir, 'good/**/*.yml'))).out).toContain('SIM0608')
    const { code, err } = await analyze(join(dir, '*.nothing'))
    expect(code).toBe(65)
    expect(err).toContain('no file matches this pattern')
  })
  test('without Kubernetes, only what istioctl says then', async () => {
    const { code, out, err } = await analyze('--use-kube=false', missing, good)
    expect([code, out]).toEqual([0, ''])
    expect(err).toContain('No validation issues found')
    expect((await analyze('--use-kube=perhaps', good)).code).toBe(64)
  })
  test('one namespace, or all', async () => {
    expect(
      (
        await analyze(
          file('ns.yaml', RULE('nowhere').replace('{name: reviews}', '{name: reviews, namespace: b}')),
          '-n',
          'a',
        )
      ).code,
    ).toBe(0)
    expect((await analyze(join(dir, 'ns.yaml'), '-n', 'a', '-A')).code).toBe(79)
  })
  test('bytes that are no UTF-8 are told at their place', async () => {
    const { code, out } = await analyze(file('latin1.yaml', new Uint8Array([0x61, 0x3a, 0x20, 0xe9, 0x0a])))
    expect(code).toBe(65)
    expect(out).toContain('latin1.yaml:1:4')
  })
})

describe('thresholds and suppressions', () => {
  test('the level that fails and the level that is shown are apart', async () => {
    expect((await analyze(good, '--failure-threshold', 'INFO')).code).toBe(79)
    expect((await analyze(good, '--output-threshold', 'Warning')).out).toBe('')
    expect((await analyze(good, '--output-threshold', 'loud')).code).toBe(64)
  })
  test('a code about a resource, in both ways of writing its name', async () => {
    expect((await analyze(missing, '--suppress', 'IST0101=VirtualService default/reviews')).code).toBe(0)
    expect((await analyze(missing, '-S', 'IST0101=VirtualService *.default')).code).toBe(0)
    expect((await analyze(missing, '-S', 'IST0101=VirtualService *.other')).code).toBe(79)
  })
  test('a suppression that cannot work is told', async () => {
    expect((await analyze(missing, '-S', 'IST9999=*')).err).toContain("'IST9999' is an unknown message code")
    expect((await analyze(missing, '-S', 'IST0101')).code).toBe(64)
  })
  test('a file that cannot be read ends in 65, unless that is fine', async () => {
    const broken = file('broken.yaml', 'a: [\n')
    expect((await analyze(broken)).code).toBe(65)
    expect((await analyze(broken, '--ignore-unknown')).code).toBe(0)
  })
  test('analyzers are listed, ours among them', async () => {
    const { out } = await analyze('-L')
    expect(out).toContain('* schema.ValidationAnalyzer.VirtualService:\n')
    expect(out).toContain('* lint.RetryAmplification:\n')
  })
})
