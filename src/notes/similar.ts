/**
 * Similar notes by their words: cosine of TF-IDF vectors. Bounded in memory and in time: a note keeps its heaviest terms, terms that
 * many notes share are passed by (they tell least and cost most), and only notes that share a term are compared at all.
 *
 * @see Salton and Buckley 1988, Term-weighting approaches in automatic text retrieval
 */

export const SIMILAR = {
  /** Terms that are known in all; words that are new after that are not looked at. */
  vocabulary: 200_000,
  /** Different terms of a note that are kept, and of these the heaviest that are compared. */
  terms: 128,
  compared: 32,
  /** Notes that may share a term for it to be followed. */
  postings: 400,
  /** Similar notes that are named, and how alike they are at least. */
  named: 5,
  least: 0.12,
  /** Characters of a note that are looked at. */
  text: 20_000,
} as const;

export interface Likeness {
  /** Place of the note in the order in which notes were added. */
  readonly note: number;
  /** Cosine, in (0, 1]. */
  readonly cosine: number;
}

interface Vector {
  readonly terms: Int32Array;
  readonly weights: Float32Array;
}

const NINE = 0x39;
const WORD = /[\p{L}\p{N}_]{3,40}/gu;

export class Similar {
  readonly #ids = new Map<string, number>();
  readonly #frequency: number[] = [];
  /** Of the words of one note, by their place. */
  readonly #counts = new Int32Array(SIMILAR.vocabulary);
  readonly #counted: Vector[] = [];
  #vectors: Vector[] = [];
  /** Of each term: notes that have it, and its weights there. */
  #postings: ({ readonly notes: number[]; readonly weights: number[] } | undefined)[] = [];
  #sums = new Float64Array(0);

  /** Adds a note by its text. */
  add(text: string): void {
    const counts = this.#counts;
    const met: number[] = [];
    for (const word of text.slice(0, SIMILAR.text).toLowerCase().match(WORD) ?? []) {
      if (word.charCodeAt(0) <= NINE && /^\d+$/.test(word)) continue;
      const id = this.#idOf(word);
      if (id === null) continue;
      if (counts[id] === 0) met.push(id);
      counts[id]!++;
    }
    const kept = met.length <= SIMILAR.terms ? met : heaviest(met, counts);
    for (const id of kept) this.#frequency[id] = (this.#frequency[id] ?? 0) + 1;
    this.#counted.push({
      terms: Int32Array.from(kept),
      weights: Float32Array.from(kept, (id) => counts[id]!),
    });
    for (const id of met) counts[id] = 0;
  }

  #idOf(word: string): number | null {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    if (this.#ids.size >= SIMILAR.vocabulary) return null;
    this.#ids.set(word, this.#ids.size);
    return this.#ids.size - 1;
  }

  /** After the last note was added, and before any is asked about. */
  finish(): void {
    const all = this.#counted.length;
    this.#ids.clear();
    this.#vectors = this.#counted.map((vector) => this.#weighed(vector, all));
    this.#counted.length = 0;
    this.#postings = [];
    this.#vectors.forEach(({ terms, weights }, note) => {
      terms.forEach((term, i) => {
        this.#postings[term] ??= { notes: [], weights: [] };
        this.#postings[term].notes.push(note);
        this.#postings[term].weights.push(weights[i]!);
      });
    });
    this.#sums = new Float64Array(all);
  }

  /** (1 + ln tf) ln(N / df), normed to length 1, heaviest terms. A term of one note alone joins it to none. */
  #weighed({ terms, weights }: Vector, all: number): Vector {
    const weighed: (readonly [number, number])[] = [];
    terms.forEach((term, i) => {
      const shared = this.#frequency[term] ?? 0;
      if (shared < 2 || shared > SIMILAR.postings) return;
      const idf = Math.log(1 + all / shared);
      weighed.push([term, (1 + Math.log(weights[i]!)) * idf]);
    });
    weighed.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    weighed.length = Math.min(weighed.length, SIMILAR.compared);
    const length = Math.sqrt(weighed.reduce((sum, [, weight]) => sum + weight * weight, 0)) || 1;
    return {
      terms: Int32Array.from(weighed, ([term]) => term),
      weights: Float32Array.from(weighed, ([, weight]) => weight / length),
    };
  }

  /** Most alike first; notes that are equally alike in the order in which they were added. */
  of(note: number): readonly Likeness[] {
    const { terms, weights } = this.#vectors[note]!;
    const met: number[] = [];
    terms.forEach((term, i) => {
      const posting = this.#postings[term];
      posting?.notes.forEach((other, at) => {
        if (other === note) return;
        if (this.#sums[other] === 0) met.push(other);
        this.#sums[other]! += weights[i]! * posting.weights[at]!;
      });
    });
    const found = met
      .map((other) => ({ note: other, cosine: this.#sums[other]! }))
      .filter(({ cosine }) => cosine >= SIMILAR.least)
      .sort((a, b) => b.cosine - a.cosine || a.note - b.note)
      .slice(0, SIMILAR.named);
    for (const other of met) this.#sums[other] = 0;
    return found;
  }
}

function heaviest(terms: readonly number[], counts: Int32Array): readonly number[] {
  return terms.toSorted((a, b) => counts[b]! - counts[a]! || a - b).slice(0, SIMILAR.terms);
}
