// A study over seeds as text.
import { shortDuration } from './report.ts'
import type { Estimate, SeedStudy } from './seeds.ts'

export function printStudy(study: SeedStudy): string {
  const n = study.seeds.length
  const lines = [`${study.scenario} under ${n} seeds (${study.seeds[0]} to ${study.seeds.at(-1)})`, '']
  for (const { name, held, failedSeeds } of study.expectations) {
    const failed = failedSeeds.length === 0 ? '' : `, not with ${failedSeeds.join(', ')}`
    lines.push(`  ${failedSeeds.length === 0 ? '✓' : '✗'} ${name}: held in ${held} of ${n}${failed}`)
  }
  if (study.loads.length > 0) lines.push('', '  Means with 95 % confidence')
  for (const { load, requests, errors, p50, p99 } of study.loads) {
    const share = ({ mean, margin }: Estimate): string => `${(mean * 100).toFixed(3)} ± ${(margin * 100).toFixed(3)} %`
    const time = ({ mean, margin }: Estimate): string =>
      `${shortDuration(Math.round(mean))} ± ${shortDuration(Math.round(margin))}`
    lines.push(
      `  ${load}: ${requests.mean.toFixed(1)} ± ${requests.margin.toFixed(1)} requests, errors ${share(errors)}, p50 ${time(p50)}, p99 ${time(p99)}`,
    )
  }
  return `${lines.join('\n')}\n`
}
