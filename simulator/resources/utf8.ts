/** Bytes that a text takes in UTF-8; limits of Istio and Envoy count these, JavaScript counts UTF-16 units. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    // each half of a surrogate pair stands for two of its four bytes
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}
