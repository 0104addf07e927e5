// Bounds of a count: the fields in the file, the test, the words.
import { z } from 'zod'

const Whole = z.number().int().min(0)

/** Fields of a schema; all that are given must hold. */
export const boundFields = {
  equals: Whole.optional(),
  min: Whole.optional(),
  max: Whole.optional(),
}

export interface Bounds {
  equals?: number | undefined
  min?: number | undefined
  max?: number | undefined
}

export const within = (value: number, { equals, min, max }: Bounds): boolean =>
  (equals === undefined || value === equals) &&
  (min === undefined || value >= min) &&
  (max === undefined || value <= max)

/** `= 3`, `>= 1 and <= 5`; `>= 0` where nothing is said. */
export function boundsInWords({ equals, min, max }: Bounds): string {
  const words = [
    equals === undefined ? '' : `= ${equals}`,
    min === undefined ? '' : `>= ${min}`,
    max === undefined ? '' : `<= ${max}`,
  ].filter(word => word !== '')
  return words.join(' and ') || '>= 0'
}
