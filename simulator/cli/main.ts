// The entry that is bundled to dist/meshsim.js.
import { main } from './program.ts'
import { serve } from './verbs/serve.ts'

// A reader that goes away (`| head`) is no error.
process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await main(process.argv.slice(2), serve)
