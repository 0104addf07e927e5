// X.509 certificates whose keys follow from a name: the simulator has no cryptography, yet tools that read a dump, and Envoy
// itself, want real ones. They protect nothing: whoever knows the name can make the key.
import { p256 } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { toBase64 } from '../wire/base64.ts'

const ECDSA_SHA256 = '1.2.840.10045.4.3.2'
const EC_PUBLIC_KEY = '1.2.840.10045.2.1'
/** DER of the object identifier of the curve P-256. */
const P256 = Uint8Array.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)
const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'

export interface CertificateRequest {
  /** Common name; '' = none, as in istiod's workload certificates. */
  subject: string
  /** Common name of the authority; the same as `subject` for the authority's own. */
  issuer: string
  /** `spiffe://...` or DNS names. */
  sans: readonly string[]
  authority: boolean
  /** Milliseconds since 1970. */
  notBefore: number
  notAfter: number
}

const utf8 = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0) & 0xff)

/** A P-256 private key that follows from the name alone. */
const keyOf = (name: string): Uint8Array => sha256(utf8(`meshsim key ${name}`))

const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

function pem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

const distinguishedName = (type: string, text: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: text }) }),
    ]),
  ])

const ecdsa = (): AlgorithmIdentifier => new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 })

function extensionsOf(request: CertificateRequest): Extensions {
  const of = (extnID: string, value: unknown): Extension =>
    new Extension({ extnID, critical: true, extnValue: new OctetString(AsnConvert.serialize(value)) })
  const names = request.sans.map(san =>
    san.includes('://') ? new GeneralName({ uniformResourceIdentifier: san }) : new GeneralName({ dNSName: san }),
  )
  return new Extensions([
    of(id_ce_basicConstraints, new BasicConstraints({ cA: request.authority })),
    ...(names.length === 0 ? [] : [of(id_ce_subjectAltName, new SubjectAlternativeName(names))]),
  ])
}

/** The certificate in PEM, signed by its issuer's key. Equal requests give equal texts. */
export function certificatePem(request: CertificateRequest): string {
  const { subject, issuer, sans, notBefore, notAfter } = request
  const owner = subject || sans.join()
  const serial = sha256(utf8(`meshsim serial ${owner} ${issuer} ${notBefore}`)).slice(0, 16)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: buffer(serial),
    signature: ecdsa(),
    issuer: distinguishedName(ORGANIZATION, issuer),
    validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notAfter) }),
    subject: subject === issuer ? distinguishedName(ORGANIZATION, subject) : namedOrNot(subject),
    subjectPublicKeyInfo: new SubjectPublicKeyInfo({
      algorithm: new AlgorithmIdentifier({ algorithm: EC_PUBLIC_KEY, parameters: buffer(P256) }),
      subjectPublicKey: buffer(p256.getPublicKey(keyOf(owner), false)),
    }),
    extensions: extensionsOf(request),
  })
  const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate))
  const signature = p256.sign(signed, keyOf(issuer), { format: 'der' })
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: ecdsa(),
    signatureValue: buffer(signature),
  })
  return pem('CERTIFICATE', new Uint8Array(AsnConvert.serialize(certificate)))
}

const namedOrNot = (subject: string): Name => (subject === '' ? new Name([]) : distinguishedName(COMMON_NAME, subject))

/** The key of the certificate with this subject (or, without one, these names), in PEM (SEC 1). */
export function privateKeyPem(owner: string): string {
  const key = keyOf(owner)
  return pem('EC PRIVATE KEY', Uint8Array.of(0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, ...key, 0xa0, 0x0a, ...P256))
}
