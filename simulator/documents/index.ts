// The door of the documents room.
export { camelCase } from './field-names.ts'
export { type ParsedDocument, type ParsedFile, parseDocuments } from './parse.ts'
export { printYaml } from './print.ts'
