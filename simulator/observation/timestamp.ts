// Virtual time as the calendar time that log lines carry.

/** 2026-01-01T00:00:00Z: where virtual time begins in printed lines. */
export const EPOCH_SECONDS = 1_767_225_600

const two = (n: number): string => String(n).padStart(2, '0')

interface Civil {
  year: number
  month: number
  day: number
}

/** Civil date of a day counted from 1970-01-01. */
function civil(day: number): Civil {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  const date = dayOfYear - Math.floor((153 * month + 2) / 5) + 1
  const civilMonth = month < 10 ? month + 3 : month - 9
  return { year: yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), month: civilMonth, day: date }
}

const SPECIFIERS: Record<string, string> = { F: '%Y-%m-%d', T: '%H:%M:%S', D: '%m/%d/%y', R: '%H:%M' }

/**
 * Virtual time by Envoy's time format: strftime's specifiers and `%f`, `%1f` to `%9f` for fractions of the second
 * (source/common/common/utility.cc DateFormatter). A specifier that is none stays as written.
 */
export function formatTime(format: string, us: number, epochSeconds: number = EPOCH_SECONDS): string {
  const total = epochSeconds + Math.floor(us / 1_000_000)
  const day = Math.floor(total / 86_400)
  const rest = total - day * 86_400
  const date = civil(day)
  const micros = String(Math.floor(us) % 1_000_000).padStart(6, '0')
  const full = format.replace(/%([FTDR])/g, (all, letter: string) => SPECIFIERS[letter] ?? all)
  return full.replace(/%(\d?)([A-Za-z%])/g, (all, digits: string, letter: string) => {
    switch (letter) {
      case 'Y':
        return String(date.year)
      case 'y':
        return two(date.year % 100)
      case 'm':
        return two(date.month)
      case 'd':
        return two(date.day)
      case 'H':
        return two(Math.floor(rest / 3_600))
      case 'M':
        return two(Math.floor(rest / 60) % 60)
      case 'S':
        return two(rest % 60)
      case 'f':
        return micros.padEnd(9, '0').slice(0, digits === '' ? 9 : Number(digits))
      case 's':
        return String(total)
      case 'z':
        return '+0000'
      case 'Z':
        return 'UTC'
      case '%':
        return '%'
      default:
        return all
    }
  })
}

/** `2026-01-01T00:00:01.250Z`; virtual time counts from `epochSeconds`. */
export const timestamp = (us: number, epochSeconds: number): string =>
  formatTime('%Y-%m-%dT%H:%M:%S.%3fZ', us, epochSeconds)
