// Icons as paths on a 16 x 16 field; drawn with the colour of the words beside them.
import { s } from '../dom.ts'

const PATHS = {
  play: 'M5,3L13,8L5,13Z',
  pause: 'M5,3V13M11,3V13',
  step: 'M5,3L11,8L5,13Z',
  stepBack: 'M12,3L6,8L12,13Z',
  reset: 'M12,3L6,8L12,13ZM3.5,3V13',
  sun: 'M8,5a3,3 0 1 0 0.01,0M8,1V2.6M8,13.4V15M1,8H2.6M13.4,8H15M3,3L4.2,4.2M11.8,11.8L13,13M3,13L4.2,11.8M11.8,4.2L13,3',
  chinese: 'M2.5,5H13.5V10.5H2.5ZM8,1.5V14.5',
  plus: 'M8,3V13M3,8H13',
  minus: 'M3,8H13',
  fit: 'M2,6V2H6M10,2H14V6M14,10V14H10M6,14H2V10',
  tick: 'M3,8.5L6.5,12L13,4',
  cross: 'M4,4L12,12M12,4L4,12',
  close: 'M4,4L12,12M12,4L4,12',
  letter: 'M2,4H14V12H2ZM2,4L8,9L14,4',
} as const

export type IconName = keyof typeof PATHS

export function icon(name: IconName): SVGSVGElement {
  const filled = name === 'play' || name === 'step' || name === 'reset' || name === 'stepBack'
  return s(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    s('path', {
      d: PATHS[name],
      fill: filled ? 'currentColor' : 'none',
      stroke: 'currentColor',
      'stroke-width': name === 'pause' ? 2.6 : 1.5,
      'stroke-linejoin': 'round',
      'stroke-linecap': 'round',
    }),
  )
}
