// Our own codes. Istio's (IST0001 ...) are those of istioctl analyze and are not repeated here.
export const codes: Readonly<Record<string, string>> = {
  SIM0101: 'the file is too large',
  SIM0102: 'the file is no text',
  SIM0103: 'the document is nested too deeply',
  SIM0104: 'the document is no valid YAML',
  SIM0105: 'too many aliases',
  SIM0106: 'a number is not finite',
  SIM0107: 'a key is not allowed',
  SIM0201: 'the document is no resource',
  SIM0202: 'unknown field',
  SIM0203: 'the value does not fit the schema',
  SIM0204: 'unknown kind',
  SIM0205: 'unknown version of a kind',
  SIM0206: 'the resource has no name',
  SIM0301: 'accepted but not simulated',
  SIM0401: 'refused by validation',
  SIM0402: 'accepted by validation with a warning',
}
