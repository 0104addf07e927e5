// `describe`: what concerns a pod or a service, as `istioctl x describe` tells it.
import { Argument } from 'commander'
import { describePod, describeService, type Simulation } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { type MeshFlags, podOf, simulationOf } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename } from '../verb.ts'

const KINDS = ['pod', 'po', 'service', 'svc']

interface Flags extends MeshFlags {
  namespace: string
}

export const defineDescribe: DefineVerb = program => {
  program
    .command('describe')
    .description('what concerns a pod or a service: ports, subsets, routes, policies, mutual TLS, each with its line')
    .addArgument(new Argument('<kind>', 'pod or service').choices(KINDS))
    .argument('<name>', 'name or name.namespace; a pod also by its workload')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .option('-n, --namespace <namespace>', 'namespace of the name', 'default')
    .addOption(atFlag())
    .addHelpText(
      'after',
      examples(
        'meshsim describe pod reviews-v1 --scenario bookinfo',
        'meshsim describe service reviews --scenario bookinfo-canary --at 95s',
        'meshsim describe svc ratings.prod -f mesh/',
      ),
    )
    .action((kind: string, name: string, flags: Flags) => {
      const { world } = simulationOf(flags)
      const asked = name.includes('.') || flags.namespace === 'default' ? name : `${name}.${flags.namespace}`
      process.stdout.write(
        kind.startsWith('p')
          ? describePod(world, podOf(world, asked))
          : describeService(world, serviceOf(world, asked)),
      )
    })
}

function serviceOf({ snapshot }: Simulation['world'], asked: string) {
  const full = asked.includes('.') ? asked : `${asked}.default`
  const services = snapshot.services.filter(({ source }) => source === 'Kubernetes')
  const found = services.find(({ name, namespace, hostname }) => full === `${name}.${namespace}` || full === hostname)
  if (found !== undefined) return found
  const known = services.map(({ name, namespace }) => `${name}.${namespace}`).join(', ')
  throw new CommandFailure(EXIT.inputData, `there is no service ${asked}; there are ${known || 'none'}`)
}
