import { analyse } from '/work/main/src/core/analyse.ts';
import { CODES } from '/work/main/src/core/codes.ts';
import { BUGGY } from '/work/main/test/support/simulation/buggy.ts';
import { CORRECT } from '/work/main/test/support/simulation/correct.ts';
import { simulate } from '/work/main/test/support/simulation/run.ts';

const seeds = Number(process.argv[2] ?? 10);
const from = Number(process.argv[4] ?? 1);
const only = process.argv[3];
const stal = (c: string) => CODES[c as keyof typeof CODES].group === 'staleness';
let ops = 0,
  ts = 0,
  ta = 0;
for (const variant of [...CORRECT, ...BUGGY]) {
  if (only && only !== '-' && !variant.name.includes(only)) continue;
  let runs = 0,
    found = 0,
    due = 0;
  const codes = new Map<string, number>();
  let over = 0;
  const overs: string[] = [];
  const missed: string[] = [];
  let stale = 0,
    obs = 0,
    hitsFound = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const t0 = performance.now();
    const run = simulate(variant, { seed });
    const t1 = performance.now();
    const { findings, templates } = analyse(run.operations, { reveal: run.reveal });
    ta += performance.now() - t1;
    ts += t1 - t0;
    ops += run.operations.length;
    runs++;
    stale += run.stale.length;
    obs += run.stale.filter((s) => s.observable).length;
    for (const t of templates) hitsFound += t.staleHits;
    for (const f of new Set(
      findings.map(
        (f) =>
          `${f.code}${f.confidence === 'proved' ? '!' : ''}${f.template === run.template ? '' : '(' + f.template + ')'}`,
      ),
    ))
      codes.set(f, (codes.get(f) ?? 0) + 1);
    const observable = run.stale.filter((s) => s.observable).length;
    const cost = variant.code !== null && !stal(variant.code);
    const is = findings.some((f) => f.code === variant.code && f.template === run.template);
    if (observable >= 5 || cost) {
      due++;
      if (is) found++;
      else
        missed.push(
          `${seed}(${observable} http=${run.http} c=${run.clients} ${run.variety.style}/${run.variety.shape}: ${findings.map((f) => f.code + ' ' + f.template + ' ' + f.hits).join(',')})`,
        );
    }
    const ids = new Set(run.stale.map((s) => s.op));
    for (const f of findings) {
      if (!stal(f.code)) continue;
      const wrong = f.witness
        .filter((w) => w.note?.includes('stale') || w.result?.includes('stale'))
        .filter((w) => /GET|HGETALL|MGET/.test(w.text))
        .filter((w) => !ids.has(w.op));
      if (f.hits > run.stale.length || wrong.length > 0) {
        over++;
        overs.push(
          `${seed}:${f.code}${f.confidence[0]} ${f.key} ${f.hits}>${run.stale.length} w=${wrong.map((w) => w.op)} http=${run.http} c=${run.clients} ${run.variety.style}/${run.variety.shape}`,
        );
      }
    }
  }
  console.log(
    `${variant.code ?? '-----'} ${variant.name}: ${found}/${due} of ${runs}; stale ${stale} obs ${obs} counted ${hitsFound}; ${[...codes].map(([c, n]) => `${c}×${n}`).join(' ')}`,
  );
  if (overs.length) console.log('   OVER', over, overs.slice(0, 5).join(' | '));
  if (missed.length) console.log('   MISSED', missed.slice(0, 4).join(' | '));
}
console.log({ ops, simulate: Math.round(ts), analyse: Math.round(ta) });
