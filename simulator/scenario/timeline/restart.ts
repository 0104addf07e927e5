// `restart`: `kubectl rollout restart`: an annotation of the template changes, and so the pods are replaced.
import { z } from 'zod'
import { ControllerName, changeObject, object } from './controller.ts'
import { eventKind } from './types.ts'

const RESTARTED = 'kubectl.kubernetes.io/restartedAt'

export const restart = eventKind({
  schema: z.strictObject(ControllerName),
  prepare: which => ({
    what: `rollout restart ${which.deployment ?? which.statefulSet}`,
    run: stage =>
      changeObject(stage, which, spec => {
        const template = object(spec['template'])
        const metadata = object(template['metadata'])
        const annotations = { ...object(metadata['annotations']), [RESTARTED]: `${stage.world.engine.now}us` }
        return { ...spec, template: { ...template, metadata: { ...metadata, annotations } } }
      }),
  }),
})
