// Importing this module provides Envoy's messages to validation. Programs outside the browser do.
import messages from './messages.json' with { type: 'json' }
import { provideEnvoyMessages } from './table.ts'

provideEnvoyMessages(messages)
