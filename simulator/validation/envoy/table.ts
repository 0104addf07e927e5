// Envoy's v3 messages as facts (messages.json; generate.py wrote it): read only where a program provides them, because they
// are too large for the page.
import { camelCase } from '../../documents/index.ts'

export interface EnvoyMessages {
  /** Full name -> fields `name:type|oneof` apart by blanks; `[]` list, `{}` map, `#` enum, one letter = scalar. */
  messages: Readonly<Record<string, string>>
  /** Full name -> `NAME=number` apart by blanks. */
  enums: Readonly<Record<string, string>>
}

export interface Field {
  /** Letter of a scalar, `#enum`, or a message's name. */
  type: string
  shape: 'one' | 'list' | 'map'
  /** Name of the oneof in its message, or ''. */
  oneof: string
  /** As the proto file has it. */
  name: string
}

type Fields = ReadonlyMap<string, Field>

function parseField(text: string): Field {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const [type = '', oneof = ''] = text.slice(colon + 1).split('|')
  const shape = type.startsWith('[]') ? 'list' : type.startsWith('{}') ? 'map' : 'one'
  return { name, type: shape === 'one' ? type : type.slice(2), shape, oneof }
}

/** Parsed message by message, as they are asked for. */
export class MessageTable {
  private readonly source: EnvoyMessages
  private readonly parsed = new Map<string, Fields>()
  private readonly parsedEnums = new Map<string, ReadonlyMap<string, number>>()

  constructor(source: EnvoyMessages) {
    this.source = source
  }

  has(message: string): boolean {
    return Object.hasOwn(this.source.messages, message)
  }

  /** By both of their names: `connect_timeout` and `connectTimeout`. */
  fields(message: string): Fields {
    let found = this.parsed.get(message)
    if (found === undefined) {
      const fields = (this.source.messages[message] ?? '').split(' ').filter(text => text !== '')
      found = new Map(
        fields.map(parseField).flatMap((field): [string, Field][] => [
          [field.name, field],
          [camelCase(field.name), field],
        ]),
      )
      this.parsed.set(message, found)
    }
    return found
  }

  hasEnumValue(name: string, value: string): boolean {
    let found = this.parsedEnums.get(name)
    if (found === undefined) {
      const values = (this.source.enums[name] ?? '').split(' ').map((text): [string, number] => {
        const [key = '', number = '0'] = text.split('=')
        return [key, Number(number)]
      })
      found = new Map(values)
      this.parsedEnums.set(name, found)
    }
    return found.has(value)
  }
}

let provided: MessageTable | null = null

/** From now on, EnvoyFilters' patch values are held against these messages. */
export function provideEnvoyMessages(source: EnvoyMessages): void {
  provided = new MessageTable(source)
}

/** Null: nobody provided them, and patch values are not looked into. */
export const envoyMessages = (): MessageTable | null => provided
