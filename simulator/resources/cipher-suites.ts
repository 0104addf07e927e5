// Cipher suites that Istio passes on to Envoy. Source: istio pkg/config/security/security.go.

const CIPHER_SUITES: ReadonlySet<string> = new Set(
  (
    'ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ' +
    'ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 ' +
    'ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA ' +
    'AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-SHA AES256-SHA DES-CBC3-SHA'
  ).split(' '),
)

/** A suite by its OpenSSL name, ALL, or any expression that begins with an operator ("-", "[", ...). */
export const isCipherSuite = (suite: string): boolean =>
  suite === '' || suite === 'ALL' || !/^[\p{L}\p{N}]/u.test(suite) || CIPHER_SUITES.has(suite)

/** Without unknown and repeated ones, which Envoy would refuse. */
export const filterCipherSuites = (suites: readonly string[]): string[] =>
  suites.filter((suite, i) => isCipherSuite(suite) && suites.indexOf(suite) === i)
