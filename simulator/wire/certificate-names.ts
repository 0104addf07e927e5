// Whose certificate is it? The rule of TLS clients for names (RFC 6125): a star stands for one label.

/** Does one of the names mean the host? */
export function carriesName(names: readonly string[], host: string): boolean {
  const parent = host.slice(host.indexOf('.') + 1)
  return names.some(name => name === host || (name.startsWith('*.') && name.slice(2) === parent))
}
