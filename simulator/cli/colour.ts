// Whether text for people is coloured: `--color` says so, else the terminal and NO_COLOR do (no-color.org).

export const COLOUR_CHOICES = ['auto', 'always', 'never'] as const
export type ColourChoice = (typeof COLOUR_CHOICES)[number]

let choice: ColourChoice = 'auto'

/** Set by the command line before a verb runs. */
export function chooseColour(next: ColourChoice): void {
  choice = next
}

export function wantsColour(stream: { isTTY?: boolean }): boolean {
  if (choice !== 'auto') return choice === 'always'
  if ((process.env['NO_COLOR'] ?? '') !== '') return false
  return stream.isTTY === true
}
