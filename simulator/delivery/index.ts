// Door of the room: controllers that shift traffic by what they measure.
export { Flagger } from './flagger.ts'
