/** What a client sends at once, as its parts are gathered into one meaning. */
import { NOTHING, UNKNOWN_SQL } from '../../explore/footprint.ts';
import type { Meaning } from '../../gate/contract.ts';
import { Accesses } from '../accesses.ts';
import { asLabel } from '../mask.ts';
import { PUSHED } from '../pushes.ts';

const EVERYTHING = [...UNKNOWN_SQL, PUSHED];

/** Parts shown in a label. */
const MAX_PARTS = 4;

interface Part {
  readonly label: string;
  readonly visible: boolean;
}

export class Unit {
  readonly accesses = new Accesses();
  readonly #parts: Part[] = [];

  /** `visible`: others may see when it happens, or people want to. */
  add(label: string, visible: boolean): void {
    this.#parts.push({ label, visible });
  }

  meaning(): Meaning {
    const shown = this.#parts.filter((part) => part.visible);
    const footprint = this.accesses.footprint(EVERYTHING);
    const silent = shown.length === 0 && footprint.length === 0;
    const labels = (shown.length > 0 ? shown : this.#parts).map((part) => part.label);
    const more = labels.length - MAX_PARTS;
    const text = labels.slice(0, MAX_PARTS).join('; ') + (more > 0 ? `; … ${more} more` : '');
    return { silent, label: asLabel(text === '' ? 'Sync' : text), footprint: silent ? NOTHING : footprint };
  }
}
