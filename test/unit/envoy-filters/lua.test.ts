// Held against real Envoy 1.40 with the same scripts: what the server and the client saw, and the details.
import { describe, expect, test } from 'vitest'
import { ask, clientFilter, httpMesh } from './http-mesh.ts'

const lua = (script: string): string =>
  clientFilter('lua', {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
    default_source_code: { inline_string: `${script}\n` },
  })
const onRequest = (body: string): string => `function envoy_on_request(h)\n${body}\nend`

function run(script: string, part = {}) {
  const mesh = httpMesh(lua(script))
  const response = ask(mesh, part)
  const record = mesh.recorder.of('stream').find(s => s.direction === 'outbound' && s.pod.startsWith('client'))
  if (typeof response === 'string') throw new Error(response)
  return { response, record, sent: response.body.split('\n') }
}
const added = (lines: readonly string[], name: string): string[] =>
  lines.filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2))

describe('scripts on the way of a request', () => {
  test('headers are read, written and walked, pseudo headers first', () => {
    const { sent } = run(
      onRequest(`
  local s = ""
  for k, v in pairs(h:headers()) do s = s..k.."="..v..";" end
  h:headers():add("x-all", s)
  h:headers():replace(":path", "/new")
  h:headers():add("X-Upper", "A")
  h:headers():remove("gone")
  h:headers():add("x-get", type((h:headers():get("nothing"))))
  h:headers():add("x-m", "1")
  h:headers():add("x-m", "2")
  h:headers():add("x-values", h:headers():get("x-m").." "..h:headers():getNumValues("x-m").." "..h:headers():getAtIndex("x-m", 1))`),
      { path: '/a?x=1', headers: [['gone', '1']] },
    )
    expect(sent[0]).toBe('GET server:8000/new')
    expect(added(sent, 'x-all')[0]).toMatch(/^:authority=server:8000;:path=\/a\?x=1;:method=GET;:scheme=http;gone=1;/)
    expect(added(sent, 'x-upper')).toEqual(['A'])
    expect(added(sent, 'gone')).toEqual([])
    expect(added(sent, 'x-get')).toEqual(['nil'])
    expect(added(sent, 'x-values')).toEqual(['1,2 2 2'])
  })
  test('numbers print as LuaJIT prints them', () => {
    const { sent } = run(onRequest('h:headers():add("x-n", (10/2).." "..(10/4).." "..(2^10).." "..unpack({7}))'))
    expect(added(sent, 'x-n')).toEqual(['5 2.5 1024 7'])
  })
  test('bodies are read and changed; without one there is nil', () => {
    const script = onRequest(
      'local b = h:body()\nh:headers():add("x-b", type(b))\nif b then h:headers():add("x-l", b:length()..b:getBytes(0, 2)) b:setBytes("changed") end',
    )
    expect(added(run(script).sent, 'x-b')).toEqual(['nil'])
    const { sent } = run(script, { method: 'POST', body: 'abc' })
    expect(added(sent, 'x-l')).toEqual(['3ab'])
    expect(sent.at(-1)).toBe('changed')
  })
  test('facts of the stream', () => {
    const { sent, record } = run(
      onRequest(`
  local i = h:streamInfo()
  h:headers():add("x-facts", i:protocol().." ["..i:requestedServerName().."] "..i:downstreamRemoteAddress():gsub(":.*", "").." "..type(h:connection():ssl()))
  i:dynamicMetadata():set("my", "k", {a = 1, l = {"x", "y"}})
  h:headers():add("x-md", i:dynamicMetadata():get("my").k.l[2])
  h:headers():add("x-b64", h:base64Escape("hello"))
  h:headers():add("x-t", type(h:timestamp()).." "..type(h:timestampString()))`),
    )
    expect(added(sent, 'x-facts')).toEqual(['HTTP/1.1 [] 10.1.0.1 nil'])
    expect(added(sent, 'x-md')).toEqual(['y'])
    expect(added(sent, 'x-b64')).toEqual(['aGVsbG8='])
    expect(added(sent, 'x-t')).toEqual(['number string'])
    expect(record?.details).toBe('via_upstream')
  })
  test('respond() answers in the place of the upstream, and the script ends there', () => {
    const { response, record } = run(
      `${onRequest('h:respond({[":status"] = "403", ["x-a"] = "b", ["x-m"] = {"1", "2"}}, "nope")\nerror("never")')}
function envoy_on_response(h) if h:headers():get("x-a") then h:headers():add("x-saw", "1") end end`,
    )
    expect([response.status, response.body]).toEqual([403, 'nope'])
    expect(response.headers.filter(([name]) => name.startsWith('x-')).sort()).toEqual([
      ['x-a', 'b'],
      ['x-m', '1'],
      ['x-m', '2'],
      ['x-saw', '1'],
    ])
    expect(record?.details).toBe('lua_response')
  })
  test.each([
    ['error("boom")', ':5: boom'],
    ['h:respond({[":status"] = "99"}, "")', ':5: :status must be between 200-599'],
    [
      'for k in pairs(h:headers()) do h:headers():add("x", "1") end',
      ':5: header map cannot be modified while iterating',
    ],
    ['h:httpCall("none", {[":path"] = "/"}, "", 10)', ':5: http call cluster invalid. Must be configured'],
    ['while true do end', 'script runs without end'],
  ])('a script that fails stops, what it did stays, the request goes on: %s', (body, words) => {
    const { response, record, sent } = run(onRequest(`h:headers():add("x-before", "1")\n\n\n${body}`))
    expect(response.status).toBe(200)
    expect(added(sent, 'x-before')).toEqual(['1'])
    const notes = (record?.trail ?? []).map(step => step.note).join('\n')
    expect(notes).toContain('script log: ')
    expect(notes).toContain(words)
  })
  test('httpCall() waits for the answer of another service', () => {
    const call =
      'local hs, b = h:httpCall("outbound|8000||other.default.svc.cluster.local", {[":method"] = "POST", [":path"] = "/hc", [":authority"] = "me", ["x-status"] = "CODE"}, "q", 1000)'
    const script = `${onRequest(`${call.replace('CODE', '418')}\nh:headers():add("x-hc", hs[":status"]..hs["x-server"]..b:sub(1, 11))`)}
function envoy_on_response(h) ${call.replace('CODE', '203')} h:headers():add("x-hr", hs[":status"]) end`
    const { response, sent } = run(script)
    expect(added(sent, 'x-hc')).toEqual(['418otherPOST me/hc'])
    expect(response.headers).toContainEqual(['x-hr', '203'])
  })
})

describe('scripts on the way of an answer', () => {
  test('status, headers and body may change', () => {
    const { response } = run(`function envoy_on_response(h)
  h:headers():add("x-status-was", h:headers():get(":status"))
  h:headers():replace(":status", "201")
  h:body():setBytes("short")
end`)
    expect([response.status, response.body]).toEqual([201, 'short'])
    expect(response.headers).toContainEqual(['x-status-was', '200'])
  })
  test('a changed request is routed anew', () => {
    const to = (name: string, path: string): string =>
      `{match: [{uri: {prefix: ${path}}}], route: [{destination: {host: ${name}}}]}`
    const mesh = httpMesh(`${lua(onRequest('h:headers():replace(":path", "/other")'))}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: server}
spec: {hosts: [server], http: [${to('other', '/other')}, ${to('server', '/')}]}
`)
    const response = ask(mesh)
    expect(typeof response === 'string' ? response : response.headers).toContainEqual(['x-server', 'other'])
  })
})
