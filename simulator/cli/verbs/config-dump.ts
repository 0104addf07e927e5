// `config-dump`: Envoy's /config_dump of one proxy, as istioctl reads it.
import { configDump } from '../../export/index.ts'
import { dumpSourceOf, type MeshFlags } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename } from '../verb.ts'

export const defineConfigDump: DefineVerb = program => {
  program
    .command('config-dump')
    .description("Envoy's /config_dump of one proxy, endpoints included; istioctl proxy-config -f reads it")
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .addOption(atFlag())
    .addHelpText(
      'after',
      examples(
        'meshsim config-dump productpage-v1 --scenario bookinfo > dump.json',
        'meshsim config-dump deploy/reviews-v1 -f mesh/',
        'meshsim config-dump productpage-v1 --scenario bookinfo-canary --at 95s',
      ),
    )
    .action((workload: string, flags: MeshFlags) => {
      process.stdout.write(`${JSON.stringify(configDump(dumpSourceOf(workload, flags)), null, 2)}\n`)
    })
}
