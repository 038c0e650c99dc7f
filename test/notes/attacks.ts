/** Texts that try to become more than text, and notes and cases that say them in every place where something can be said. */
import { join } from 'node:path';
import { commandDigest } from '../../src/case/done.ts';
import { comparison, measuredRun, place, plot } from './generated.ts';

/** In the way of texts in HTML, in attributes, in scripts, in styles, in YAML and in Markdown. */
export const ATTACKS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title><script>alert(1)</script>',
  '</style></script><svg onload=alert(1)>',
  '&lt;script&gt;&#60;script&#62;',
  '[x](javascript:alert(1))',
  '![x](https://evil.example/x.png)',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<style>@import "//evil.example"</style>',
  '{{alert(1)}} <%= alert(1) %> $(id) `id`',
  '---\nflags: [none]\n---',
  'a\u2028alert(1)\u2029 \u0000 \u202e',
  '<a href="x" style="position:fixed">',
  '__proto__',
] as const;

const yaml = (text: string) =>
  JSON.stringify(text).replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);

function hostileNote(attack: string): string {
  const it = yaml(attack);
  return `---
title: ${it}
topic: ${it}
summary: ${it}
outline: { context: ${it}, problem: ${it}, stack: ${it}, action: ${it} }
stack: [${it}, 'b']
tools: [${it}]
language: ${it}
lang: ${it}
difficulty: ${it}
tags: [${it}, constructor, __proto__]
author: ${it}
date: ${it}
ref: ${it}
revision: { status: ${it}, version: ${it}, reviewed: ${it}, by: ${it} }
flags: [${it}]
checklist: [${it}, { step: ${it}, signed: { by: ${it}, at: 2026-01-01 } }, { step: a, command: ${it} }]
entities: [${it}]
images: [{ src: ok.svg, alt: ${it}, caption: ${it}, source: ${it} }, { src: ${it} }]
notes: [${it}]
${yaml(`k ${attack}`)}: 1
__proto__: { title: x }
---
# ${attack}

${attack}

- ${attack}

| ${attack} | b |
|---|---|
| ${attack} | c |

\`\`\`${attack}
${attack}
\`\`\`

> ${attack}

[${attack}](a.md "${attack}") ![${attack}](ok.svg)
`;
}

function hostileCase(attack: string): string {
  const it = yaml(attack);
  return `title: ${it}
owner: ${it}
route: GET /items/{id}
symptom: ${it}
input: { request: GET /items/1, headers: { x-a: ${yaml(attack.replace(/[^\x20-\x7e]/g, ''))} } }
expected: { note: ${it}, path: $.price, value: ${it} }
slow: { sql: ${it}, command: [echo, ${it}] }
change: { what: ${it}, kind: code, before: ${it}, after: ${it} }
rollback: { command: [echo, ${it}], note: ${it} }
assumptions: [${it}]
links: [${it}, "javascript:alert(1)", "https://example.org/"]
url: http://127.0.0.1:8000
checklist: [{ step: ${yaml(`run ${attack}`)}, command: [echo, ${it}] }, { step: ${it}, signed: { by: ${it}, at: 2026-01-01, note: ${it} } }]
note: { tags: [${it}], topic: ${it} }
`;
}

function hostileRun(attack: string): Readonly<Record<string, unknown>> {
  const ended = { exitCode: 1, signal: attack, stopped: null, failure: attack };
  return { command: attack, startedAt: attack, ranMs: 1, ...ended, output: [attack, `\`\`\`${attack}`] };
}

function hostileRehearsal(attack: string): Readonly<Record<string, unknown>> {
  const check = { name: attack, kind: 'request', outcome: attack, why: attack, freshAfterMs: 1 };
  return {
    format: 'whystale-rehearsal/1',
    ...{ case: attack, rehearsed: attack, startedAt: attack, ranMs: 1, complete: false, ended: attack },
    ...{ on: { commit: attack, dirty: false }, url: attack, verdict: attack, because: attack },
    steps: [
      {
        step: 'deploy',
        outcome: 'failed',
        ranMs: 1,
        why: attack,
        commands: [hostileRun(attack)],
        checks: [check],
      },
    ],
  };
}

/** A note and a case for every attack, `note-0.md` and `case-0` and so on. */
export function placeHostile(notes: string): void {
  ATTACKS.forEach((attack, i) => {
    place(join(notes, `note-${i}.md`), hostileNote(attack));
    const folder = join(notes, `case-${i}`);
    place(join(folder, 'case.yaml'), hostileCase(attack));
    place(join(folder, 'note.md'), `---\nsummary: ${yaml(attack)}\n---\n${attack}\n`);
    place(
      join(folder, 'runs', 'a', 'run.json'),
      JSON.stringify({
        ...measuredRun(attack, 2),
        queries: [{ ...measuredRun('', 2).queries[0], shape: attack, plan: attack }],
        engine: { redis: attack, postgres: attack, emulated: false },
      }),
    );
    place(
      join(folder, 'comparisons', 'a', 'comparison.json'),
      JSON.stringify(
        comparison({
          verdict: attack,
          because: attack,
          race: {
            before: { verdict: attack, complete: true, causes: [attack] },
            after: { verdict: attack, complete: false, causes: [] },
          },
          differences: [{ kind: 'code', name: attack, before: attack, after: null, allowed: attack }],
        }),
      ),
    );
    place(join(folder, 'rehearsals', 'a', 'rehearsal.json'), JSON.stringify(hostileRehearsal(attack)));
    const checked = {
      ...hostileRun(attack),
      step: `run ${attack}`,
      digest: commandDigest(['echo', attack]),
      on: { commit: attack, dirty: true },
    };
    place(
      join(folder, 'checklist.json'),
      JSON.stringify({ format: 'whystale-checklist/1', case: attack, steps: [checked] }),
    );
    place(join(folder, 'comparisons', 'a', 'before', 'schedules', 'a;$(id).json'), '{}');
    place(
      join(folder, 'comparisons', 'a', 'box.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    );
  });
  place(join(notes, 'ok.svg'), plot('ok'));
}
