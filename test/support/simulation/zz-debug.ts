import { analyse } from '/work/main/src/core/analyse.ts';
import { BUGGY } from './buggy.ts';
import { CORRECT } from './correct.ts';
import { simulate } from './run.ts';

const [name, seed, codeWanted, pad] = process.argv.slice(2);
const variant = [...CORRECT, ...BUGGY].find((v) => v.name === name)!;
const run = simulate(variant, { seed: Number(seed), ...(process.env.HTTP ? { http: process.env.HTTP === "1", requests: 150 } : {}) });
const { findings } = analyse(run.operations, { reveal: run.reveal });
console.log(run.variety, { http: run.http, clients: run.clients, truth: run.stale.length });
const ids = new Set(run.stale.map((s) => s.op));
for (const f of findings) {
  console.log(f.code, f.confidence, f.key, f.hits, f.writer, '|', f.summary);
  if (codeWanted && !f.code.includes(codeWanted)) continue;
  for (const w of f.witness)
    console.log(
      '   ',
      w.op,
      w.atMs,
      w.lane,
      w.session,
      w.text,
      '|',
      w.result ?? '',
      '|',
      w.note ?? '',
      w.decisive ? '<<<' : '',
      ids.has(w.op) ? 'TRUE' : '',
    );
  if (pad) {
    const from = Math.min(...f.witness.map((w) => w.op)),
      to = Math.max(...f.witness.map((w) => w.op));
    for (const op of run.operations.slice(Math.max(0, from - 1 - Number(pad)), to)) {
      const o = op as any;
      const k = o.key ?? o.keys?.join(',') ?? '';
      if (
        (o.tier === 'cache' &&
          o.kind !== 'key' &&
          (o.key === f.key || o.keys?.includes(f.key) || k.includes(f.key))) ||
        (o.tier === 'source' &&
          (o.tables?.includes('items') ||
            o.effects?.some((e: any) => e.table === 'items' || e.table === 'outbox') ||
            o.kind === 'commit'))
      )
        console.log(
          '      ',
          o.id,
          (o.invoke / 1e6).toFixed(3),
          o.return === null ? '?' : (o.return / 1e6).toFixed(3),
          o.session,
          o.command ?? '',
          o.kind,
          k,
          o.value ? (run.reveal(o.value) ?? o.value) : o.value,
          o.shape ?? '',
          (o.params ?? []).map((p: any) => run.reveal(p)).join(','),
          (o.rows ?? [])
            .map((r: any) => r.map((p: any) => p && run.reveal(p)).join('/'))
            .join(';')
            .slice(0, 80),
          o.tx ?? '',
          o.candidates
            ?.map(
              (c: any) => c.value.slice(0, 8) + c.payload.leaves.map((l: any) => run.reveal(l[1])).join('/'),
            )
            .join(' ; ') ?? '',
          o.removed ?? '',
          o.status === 'ok' ? '' : o.status,
        );
    }
  }
}
