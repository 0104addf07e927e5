// JUnit XML, as CI systems read it: a suite a scenario, a case an expectation. Times are virtual, so equal runs give equal files.
import type { Report } from '../report.ts'

export function junitXml(reports: readonly Report[]): string {
  const all = reports.flatMap(report => report.expectations)
  const failures = all.filter(verdict => !verdict.ok).length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="meshsim" tests="${all.length}" failures="${failures}">`,
    ...reports.flatMap(suite),
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(report: Report): string[] {
  const { scenario, expectations, duration, seed, fingerprint } = report
  const failures = expectations.filter(verdict => !verdict.ok).length
  return [
    `  <testsuite name="${xml(scenario)}" tests="${expectations.length}" failures="${failures}" time="${seconds(duration)}">`,
    '    <properties>',
    `      <property name="seed" value="${xml(seed)}"/>`,
    `      <property name="fingerprint" value="${xml(fingerprint)}"/>`,
    '    </properties>',
    ...expectations.flatMap(({ name, ok, expected, seen, window }) => {
      const open = `    <testcase classname="${xml(scenario)}" name="${xml(name)}"`
      if (ok) return [`${open}/>`]
      const message = `expected ${expected}, seen ${seen}`
      return [
        `${open}>`,
        `      <failure message="${xml(message)}">${xml(`${window}: ${message}`)}</failure>`,
        '    </testcase>',
      ]
    }),
    '  </testsuite>',
  ]
}

const seconds = (us: number): string => (us / 1_000_000).toFixed(6)

/** Characters that XML 1.0 has no way to write become U+FFFD. */
function xml(text: string): string {
  let out = ''
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    if (char === '&') out += '&amp;'
    else if (char === '<') out += '&lt;'
    else if (char === '>') out += '&gt;'
    else if (char === '"') out += '&quot;'
    else if (code === 0x9 || code === 0xa || code === 0xd) out += `&#${code};`
    else out += code < 0x20 || code === 0xfffe || code === 0xffff ? '\ufffd' : char
  }
  return out
}
