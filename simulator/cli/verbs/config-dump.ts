// `config-dump`: all that istiod sends to the proxy of one workload, as JSON.
import { configurationOf, type MeshFlags } from '../mesh.ts'
import { type DefineVerb, examples, filename } from '../verb.ts'

export const defineConfigDump: DefineVerb = program => {
  program
    .command('config-dump')
    .description('all that istiod sends to one proxy, as JSON')
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .addHelpText(
      'after',
      examples(
        'meshsim config-dump productpage-v1 --scenario bookinfo',
        'meshsim config-dump deploy/reviews-v1 -f mesh/',
        'meshsim config-dump a.default -f a.yaml -f b.yaml',
      ),
    )
    .action((workload: string, flags: MeshFlags) => {
      process.stdout.write(`${JSON.stringify(configurationOf(workload, flags), null, 2)}\n`)
    })
}
