/** What a person adds to the case that a finding began: how the shop is started, raced, rehearsed and checked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { FIX } from './case-whole-scripts.ts';
import type { ShopRepository, Story } from './case-whole-shop.ts';

/** Where staging answers, and its database. */
export interface Staging {
  readonly url: string;
  readonly postgres: string;
}

interface Known {
  readonly story: Story;
  readonly repository: ShopRepository;
  readonly staging: Staging;
}

/** Completes the file, comments left where they are, and writes the race beside it. */
export function complete(file: string, { story, repository, staging }: Known): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const { checklist } = document.toJS() as { checklist: readonly Step[] };
  const world = worldOf(repository);
  const added = {
    ...world,
    race: 'race.yaml',
    load: { rate: '20/s', seconds: 2, cold: 12, warmup: 2 },
    rehearse: rehearsal(story, staging),
    checklist: checklist.map((step) => corrected(step, story)),
  };
  for (const [name, value] of Object.entries(added)) document.set(name, document.createNode(value));
  writeFileSync(file, document.toString());
  const race = {
    ...world,
    reset: '../../race/shop-reset.sql',
    warmup: ['GET /items/2', 'GET /users/2', 'GET /stock/2'],
    ...story.race,
  };
  writeFileSync(join(dirname(file), 'race.yaml'), stringify(race));
}

function worldOf({ command }: ShopRepository) {
  return {
    service: {
      command,
      cwd: '../..',
      env: { PORT: '{port}', REDIS_URL: '{redis}', DATABASE_URL: '{postgres}' },
      ready: 'GET /healthz',
    },
    setup: ['../../schema.sql', '../../seed.sql'],
  };
}

function rehearsal({ before, check }: Story, { url }: Staging) {
  return {
    url,
    config: {
      staging: '../../.env.staging',
      production: '../../.env.production',
      allow: ['PORT', 'REDIS_URL', 'DATABASE_URL'],
    },
    deploy: `./deploy.sh ${FIX}`,
    ready: 'GET /healthz',
    ...{ before, check },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the case.
    postgres: '${STAGING_DATABASE_URL}',
    figures: { rate: '20/s', seconds: 1 },
  };
}

type Step = string | { readonly step: string; readonly command: string };

/** A judgement stays; a command becomes that of this repository. */
function corrected(step: Step, { commands }: Story): Step {
  return typeof step === 'string' ? step : { ...step, command: commands[step.step] ?? step.command };
}
