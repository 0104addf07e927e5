// The cookies of one user: names and values as they were set; paths and domains are left aside, as each load calls one site.
import type { HeaderLines } from '../../wire/types.ts'

export class CookieJar {
  private readonly cookies = new Map<string, string>()

  /** Takes what an answer sets; `Max-Age=0` takes it away. */
  take(headers: HeaderLines): void {
    for (const [name, value] of headers) {
      if (name !== 'set-cookie') continue
      const pair = /^\s*([^=;\s]+)=("[^"]*"|[^;]*)/.exec(value)
      if (pair === null) continue
      if (/;\s*max-age=0\s*(?:;|$)/i.test(value)) this.cookies.delete(pair[1]!)
      else this.cookies.set(pair[1]!, pair[2]!.trim().replace(/^"|"$/g, ''))
    }
  }

  /** Adds the cookies to a request, behind those it has. */
  write(headers: HeaderLines): void {
    if (this.cookies.size === 0) return
    const mine = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const line = headers.find(([name]) => name === 'cookie')
    if (line === undefined) headers.push(['cookie', mine])
    else line[1] = `${line[1]}; ${mine}`
  }
}
