// Protobuf's JSON lets one write a field in snake_case as well as in its canonical camelCase.

/** `max_path_tag_length` -> `maxPathTagLength`; other names stay. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
