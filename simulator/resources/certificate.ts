// What an X.509 certificate says of itself, and the certificates of Secrets. Signatures are not checked: an authority is
// known by its name.
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  type Name,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509'
import { fromBase64 } from '../wire/base64.ts'
import { fields } from './fields.ts'

export interface CertificateFacts {
  /** Common names. */
  subject: string
  issuer: string
  /** DNS names, URIs and addresses. */
  sans: string[]
  /** Milliseconds since the epoch. */
  notBefore: number
  notAfter: number
  /** Hexadecimal. */
  serial: string
  /** Does it sign others? */
  authority: boolean
  /** Whole names, `CN=..., O=...`, in the order in which they stand. */
  name: string
  issuerName: string
  /** Hexadecimal identifiers of the own and the signer's key; '' = not said. */
  keyId: string
  issuerKeyId: string
}

const PEMS = /-----BEGIN [A-Z0-9 ]+-----[\s\S]+?-----END [A-Z0-9 ]+-----/g
const PEM = /-----BEGIN [A-Z0-9 ]+-----\s+([A-Za-z0-9+/=\s]+?)-----END [A-Z0-9 ]+-----/
const COMMON_NAME = '2.5.4.3'

function commonName(name: Name): string {
  for (const set of name) {
    for (const { type, value } of set) if (type === COMMON_NAME) return value.toString()
  }
  return ''
}

const SHORT: { [oid: string]: string } = {
  [COMMON_NAME]: 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
}

function wholeName(name: Name): string {
  const parts: string[] = []
  for (const set of name) for (const { type, value } of set) parts.push(`${SHORT[type] ?? type}=${value.toString()}`)
  return parts.join(', ')
}

const hexadecimal = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('')

function keyIds({ tbsCertificate }: Certificate): { keyId: string; issuerKeyId: string } {
  const extension = (id: string) => tbsCertificate.extensions?.find(item => item.extnID === id)?.extnValue.buffer
  const own = extension(id_ce_subjectKeyIdentifier)
  const above = extension(id_ce_authorityKeyIdentifier)
  const issuer = above === undefined ? undefined : AsnConvert.parse(above, AuthorityKeyIdentifier).keyIdentifier
  return {
    keyId: own === undefined ? '' : hexadecimal(AsnConvert.parse(own, SubjectKeyIdentifier).buffer),
    issuerKeyId: issuer === undefined ? '' : hexadecimal(issuer.buffer),
  }
}

function subjectAltNames({ tbsCertificate }: Certificate): string[] {
  const extension = tbsCertificate.extensions?.find(item => item.extnID === id_ce_subjectAltName)
  if (extension === undefined) return []
  const names = AsnConvert.parse(extension.extnValue.buffer, SubjectAlternativeName)
  return names
    .map(name => name.dNSName ?? name.uniformResourceIdentifier ?? name.iPAddress ?? '')
    .filter(name => name !== '')
}

function isAuthority({ tbsCertificate }: Certificate): boolean {
  const extension = tbsCertificate.extensions?.find(item => item.extnID === id_ce_basicConstraints)
  return extension !== undefined && AsnConvert.parse(extension.extnValue.buffer, BasicConstraints).cA
}

/** The first certificate of a PEM text; null when it cannot be read. */
export function readCertificate(pem: string): CertificateFacts | null {
  const body = PEM.exec(pem)?.[1]
  const bytes = body === undefined ? null : fromBase64(body)
  if (bytes === null) return null
  try {
    const certificate = AsnConvert.parse(bytes, Certificate)
    const { subject, issuer, validity } = certificate.tbsCertificate
    return {
      subject: commonName(subject),
      issuer: commonName(issuer),
      sans: subjectAltNames(certificate),
      notBefore: validity.notBefore.getTime().getTime(),
      notAfter: validity.notAfter.getTime().getTime(),
      serial: hexadecimal(certificate.tbsCertificate.serialNumber).replace(/^0+(?=.)/, ''),
      authority: isAuthority(certificate),
      name: wholeName(subject),
      issuerName: wholeName(issuer),
      ...keyIds(certificate),
    }
  } catch {
    return null
  }
}

/** All certificates of a PEM text that can be read. */
export function readCertificates(pem: string): CertificateFacts[] {
  return (pem.match(PEMS) ?? []).map(readCertificate).filter(facts => facts !== null)
}

/** Text of a Secret's entry; '' when there is none. */
export function secretEntry(secret: unknown, name: string): string {
  const { data, stringData } = fields(secret)
  const plain = fields(stringData)[name]
  if (typeof plain === 'string') return plain
  const encoded = fields(data)[name]
  const bytes = typeof encoded === 'string' ? fromBase64(encoded) : null
  return bytes === null ? '' : String.fromCharCode(...bytes)
}

/** The first certificate in `inline_bytes` of an Envoy secret (base64 of PEM); null when it cannot be read. */
export function readInlineCertificate(inlineBytes: string): CertificateFacts | null {
  const bytes = fromBase64(inlineBytes)
  return bytes === null ? null : readCertificate(String.fromCharCode(...bytes))
}
