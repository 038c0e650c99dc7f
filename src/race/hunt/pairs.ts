/** Every reader route with every writer route that meets it at a template, ranked by what their footprints predict. */
import { append } from '../../core/multimap.ts';
import type { HuntPair, Need, Prediction, SharedTemplate } from './contract.ts';
import { predict } from './predict.ts';
import type { Sample, SeenReader, SeenWriter, Sighting } from './sightings.ts';

/** A pair as it comes from the recording, before requests are chosen. */
export interface Pair extends Pick<HuntPair, 'reader' | 'writer' | 'score' | 'predictions' | 'templates'> {
  readonly samples: { readonly reader: readonly Sample[]; readonly writer: readonly Sample[] };
}

/** What a hunt does without being asked counts in full; the rest ranks behind it. */
const WEIGHT: Readonly<Record<Need, number>> = {
  nothing: 1,
  ordering: 1,
  fault: 0.5,
  'second-writer': 0.5,
};

/** @param able what the hunt can do besides trying orderings */
export function pairsOf(sightings: readonly Sighting[], able: ReadonlySet<Need>): readonly Pair[] {
  const met = new Map<string, Meeting[]>();
  for (const sighting of sightings)
    for (const reader of sighting.readers)
      for (const writer of sighting.writers)
        append(met, `${reader.route}\u0000${writer.route}`, { sighting, reader, writer });
  return [...met.values()]
    .map((meetings) => pairOf(meetings, able))
    .sort(
      (a, b) =>
        b.score - a.score ||
        commitsOf(b) - commitsOf(a) ||
        order(`${a.reader} ${a.writer}`, `${b.reader} ${b.writer}`),
    );
}

interface Meeting {
  readonly sighting: Sighting;
  readonly reader: SeenReader;
  readonly writer: SeenWriter;
}

function pairOf(meetings: readonly Meeting[], able: ReadonlySet<Need>): Pair {
  const weight = (needs: Need) => (able.has(needs) ? 1 : WEIGHT[needs]);
  const weighed = ({ score, needs }: Prediction) => score * weight(needs);
  const told = meetings.map((meeting) => {
    const { sighting, reader, writer } = meeting;
    const { template } = sighting;
    return { meeting, predictions: predict({ template, reader: reader.ways, writer: writer.ways }) };
  });
  const best = (predictions: readonly Prediction[]) => Math.max(0, ...predictions.map(weighed));
  told.sort((a, b) => best(b.predictions) - best(a.predictions));
  const [first] = told;
  const { reader, writer } = first!.meeting;
  const predictions = told
    .flatMap((one) => one.predictions)
    .sort((a, b) => weighed(b) - weighed(a) || order(a.code, b.code));
  return {
    reader: reader.route,
    writer: writer.route,
    score: Math.round(best(predictions) * 100) / 100,
    predictions,
    templates: told.map(({ meeting }) => sharedOf(meeting)),
    // Those of the template that the pair is raced for.
    samples: { reader: reader.samples, writer: writer.samples },
  };
}

function sharedOf({ sighting, reader, writer }: Meeting): SharedTemplate {
  return {
    template: sighting.template,
    db: sighting.db,
    sources: sighting.sources,
    changes: writer.ways.changes,
    fills: [...reader.ways.fills.values()].reduce((sum, fills) => sum + fills, 0),
    commits: writer.ways.commits,
  };
}

function commitsOf({ templates }: Pair): number {
  return templates.reduce((sum, { commits }) => sum + commits, 0);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
