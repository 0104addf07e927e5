// How a command ends, as istioctl (cmd/sysexits.go), sysexits.h and k6 have it.

export const EXIT = {
  good: 0,
  other: 1,
  usage: 64,
  inputData: 65,
  findings: 79,
  expectationFailed: 99,
  interrupted: 130,
} as const

/** Ends the command: the message goes to stderr, the code to the shell. */
export class CommandFailure extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
