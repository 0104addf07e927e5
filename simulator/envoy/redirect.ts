// Where a redirect leads (source/common/router/config_impl.cc).
import type { HttpRequest } from '../wire/types.ts'
import { barePath } from './http/path.ts'
import { number, type object, text } from './json.ts'

const CODES: { [name: string]: number } = {
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
}

/** Status and Location of a RedirectAction; `matched`: how much of the path a new prefix replaces. A port that the action does not name stays as it was in Host. */
export function redirectTo(
  request: HttpRequest,
  action: ReturnType<typeof object>,
  matched: number,
): { code: number; location: string } {
  const scheme = text(action.scheme_redirect) || (action.https_redirect === true ? 'https' : request.scheme)
  const named = text(action.host_redirect)
  let host = named || request.authority
  if (number(action.port_redirect) > 0) host = `${named || host.replace(/:\d+$/, '')}:${number(action.port_redirect)}`
  const bare = barePath(request.path)
  const query = action.strip_query === true ? '' : request.path.slice(bare.length)
  let path = bare
  if (text(action.path_redirect) !== '') path = text(action.path_redirect)
  else if (text(action.prefix_rewrite) !== '') path = text(action.prefix_rewrite) + bare.slice(matched)
  if (!path.startsWith('/')) path = `/${path}`
  return { code: CODES[text(action.response_code)] ?? 301, location: `${scheme}://${host}${path}${query}` }
}
