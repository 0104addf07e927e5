import { describe, expect, it } from 'vitest'
import { analyze } from '../../../simulator/analysis/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'

const findings = (content: string, options: Parameters<typeof analyze>[1] = {}) => {
  const loaded = loadResources([{ name: 'mesh.yaml', content }])
  return analyze([{ name: '', resources: [...loaded.resources, ...loaded.refused] }], options).map(
    found => `${found.code} ${found.resource} ${found.line}: ${found.message}`,
  )
}

const VIRTUAL_SERVICE = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination:
        host: reviews
        subset: v1
`

describe('what istioctl analyze says', () => {
  it('names the line of a host that does not exist, and of a subset that no rule defines', () => {
    expect(findings(VIRTUAL_SERVICE)).toEqual([
      'IST0101 VirtualService default/reviews 10: Referenced host not found: "reviews"',
      'IST0101 VirtualService default/reviews 10: Referenced host+subset in destinationrule not found: "reviews+v1"',
    ])
  })

  it('leaves aside what it cannot know when the files are all there is', () => {
    expect(findings(VIRTUAL_SERVICE, { filesOnly: true })).toEqual([
      'IST0101 VirtualService default/reviews 10: Referenced host+subset in destinationrule not found: "reviews+v1"',
    ])
  })

  it('judges a resource that only the schema refuses', () => {
    const text = VIRTUAL_SERVICE.replace('- route:', '- rout:')
    expect(findings(text)).toEqual([
      'IST0106 VirtualService default/reviews 2: Schema validation error: HTTP route, redirect or direct_response is required',
    ])
  })

  it('keeps silent about a code that the resource suppresses', () => {
    const annotation = 'metadata: {name: reviews, annotations: {galley.istio.io/analyze-suppress: IST0101}}'
    expect(findings(VIRTUAL_SERVICE.replace('metadata: {name: reviews}', annotation))).toEqual([])
  })

  it('counts lines as istioctl does: a separator with nothing before it shifts the lines of fields', () => {
    const [first] = findings(`---\n${VIRTUAL_SERVICE.trimStart()}`)
    expect(first).toContain(' 11: Referenced host not found')
  })

  it('warns of a rule that an earlier one covers', () => {
    const rules = `
  http:
  - match: [{uri: {prefix: /a}}]
    route: [{destination: {host: reviews.example.com}}]
  - match: [{uri: {prefix: /a/b}}]
    route: [{destination: {host: reviews.example.com}}]
`
    const text = `${VIRTUAL_SERVICE.slice(0, VIRTUAL_SERVICE.indexOf('  http:'))}${rules.trimStart().replace(/^/, '  ')}`
    const covered = findings(text, { filesOnly: true })
    expect(covered).toHaveLength(1)
    expect(covered[0]).toContain('IST0131')
    expect(covered[0]).toContain('#0 of prefix /a/b is not used')
  })
})
