// `export`: one proxy in the form of another program.
import { Argument } from 'commander'
import { stockEnvoyBootstrap } from '../../export/index.ts'
import { dumpSourceOf, type MeshFlags } from '../mesh.ts'
import { type DefineVerb, examples, filename } from '../verb.ts'

export const defineExport: DefineVerb = program => {
  program
    .command('export')
    .description('one proxy in the form of another program; envoy: a bootstrap that stock Envoy runs')
    .addArgument(new Argument('<format>', 'form').choices(['envoy']))
    .argument('<workload>', 'name, name.namespace or deploy/name')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .addHelpText(
      'after',
      examples(
        'meshsim export envoy productpage-v1 --scenario bookinfo > productpage-v1.json',
        'meshsim export envoy deploy/reviews-v1 -f mesh/',
        'meshsim export envoy istio-ingressgateway.istio-system --scenario bookinfo',
      ),
    )
    .action((_format: string, workload: string, flags: MeshFlags) => exportEnvoy(workload, flags))
}

/** The bootstrap goes to stdout; what was left out, replaced or must be provided goes to stderr. */
function exportEnvoy(workload: string, flags: MeshFlags): void {
  const { configuration, node, resources } = dumpSourceOf(workload, flags)
  const { bootstrap, notes } = stockEnvoyBootstrap(configuration, node, resources)
  for (const note of notes) process.stderr.write(`note: ${note}\n`)
  process.stdout.write(`${JSON.stringify(bootstrap, null, 2)}\n`)
}
