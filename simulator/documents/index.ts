// The door of the documents room.
export { type ParsedDocument, type ParsedFile, parseDocuments } from './parse.ts'
