/**
 * Key templates, learned over all keys: `item:1`, `item:2` → `item:{id}`.
 *
 * A segment is variable when it varies between otherwise alike keys, or equals a parameter or key column of its lineage;
 * what is constant across the template stays literal. Digests become `{hash}`. Words need more than variation: two keys
 * that differ in a word are the same template only when the same statements feed both, or the word is a parameter.
 */

import { innerSegments, outerSegments, type Segment } from './keys.ts';
import { append } from './multimap.ts';

/** What is known of a key when templates are learned. */
export interface KeyEvidence {
  readonly key: string;
  /** Texts of the key's segments that equal a parameter or a primary key value of its lineage. */
  readonly bound: ReadonlySet<string>;
  /** The statements that feed it, as one comparable text; empty when no lineage is known. */
  readonly feeders: string;
}

interface Slot {
  readonly text: string;
  /** `literal`: stays; `varying`: a look that varies freely (numbers, ids); `word`: may be merged. */
  readonly kind: 'separator' | 'word' | 'varying';
  readonly name: '{id}' | '{hash}';
  /** Equal to a parameter or key column of the key's own lineage. */
  readonly bound: boolean;
  /** Variable even when it is seen only once (uuid, digest, a word that is a parameter). */
  readonly always: boolean;
}

interface Member {
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly feeders: string;
}

interface Group {
  readonly members: Member[];
}

/** Distinct words at one place that make it variable: fewer are needed when the same statements feed all of them. */
const WORDS_WITH_LINEAGE = 3;
const WORDS_WITHOUT_LINEAGE = 5;

function slotOf(segment: Segment, bound: ReadonlySet<string>): Slot {
  const { text, look } = segment;
  if (look === 'separator') return { text, kind: 'separator', name: '{id}', bound: false, always: false };
  const isBound = bound.has(text);
  const name = look === 'hash' ? '{hash}' : '{id}';
  const always = look === 'uuid' || look === 'hash' || look === 'id' || (look === 'word' && isBound);
  return { text, kind: look === 'word' && !isBound ? 'word' : 'varying', name, bound: isBound, always };
}

function slotsOf(evidence: KeyEvidence): Slot[] {
  return outerSegments(evidence.key).flatMap((segment) => {
    // A whole segment that is a parameter (a slug such as `blue-lamp-2`) is not cut.
    if (segment.look === 'word' && evidence.bound.has(segment.text)) return [slotOf(segment, evidence.bound)];
    return innerSegments(segment).map((inner) => slotOf(inner, evidence.bound));
  });
}

/** Forms of keys whose lineage is known: their segments, undefined where one is a parameter. */
type Pattern = readonly (string | undefined)[];

/** Distinct forms that keys without lineage are compared with. */
const MAX_PATTERNS = 64;

function boundPatterns(keys: readonly KeyEvidence[]): readonly Pattern[] {
  const patterns = new Map<string, Pattern>();
  for (const { key, bound, feeders } of keys) {
    if (feeders === '' || bound.size === 0 || patterns.size >= MAX_PATTERNS) continue;
    const pattern = outerSegments(key).map(({ text }) => (bound.has(text) ? undefined : text));
    if (pattern.includes(undefined)) patterns.set(pattern.join('\u0001'), pattern);
  }
  return [...patterns.values()];
}

/** A key that nothing filled yet has its parameters where others of its form have them. */
function likelyBound({ key, bound }: KeyEvidence, patterns: readonly Pattern[]): ReadonlySet<string> {
  const texts = outerSegments(key).map(({ text }) => text);
  const like = patterns.find(
    (pattern) =>
      pattern.length === texts.length && pattern.every((text, i) => text === undefined || text === texts[i]),
  );
  return like === undefined ? bound : new Set([...bound, ...texts.filter((_, i) => like[i] === undefined)]);
}

function signature(slots: readonly Slot[], blank: number): string {
  return slots
    .map((slot, i) => (i === blank || slot.kind === 'varying' ? '\u0001' : slot.text))
    .join('\u0002');
}

/** Learns the template of every key. Cost is linear in keys times segments. */
export function learnTemplates(keys: Iterable<KeyEvidence>): Map<string, string> {
  const all = [...keys];
  const patterns = boundPatterns(all);
  const members = all.map((evidence) => ({
    key: evidence.key,
    slots: slotsOf(
      evidence.feeders === '' ? { ...evidence, bound: likelyBound(evidence, patterns) } : evidence,
    ),
    feeders: evidence.feeders,
  }));
  const groups = mergeWords(groupBy(members, (member) => signature(member.slots, -1)));
  const templates = new Map<string, string>();
  for (const group of groups) nameGroup(group, templates);
  return templates;
}

function feedersOf(group: Group): string {
  return group.members.find((member) => member.feeders !== '')?.feeders ?? '';
}

function groupBy(members: readonly Member[], keyOf: (member: Member) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const member of members) {
    const key = keyOf(member);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { members: [member] });
    else group.members.push(member);
  }
  return [...groups.values()];
}

/** Merges groups that differ in one word, where the evidence says that the word is a value. */
function mergeWords(groups: readonly Group[]): Group[] {
  let current = [...groups];
  const longest = current.reduce((most, group) => Math.max(most, group.members[0]!.slots.length), 0);
  // The first segment names the kind of thing; it is never a value on its own.
  for (let at = 1; at < longest; at++) current = mergeAt(current, at);
  return current;
}

function mergeAt(groups: readonly Group[], at: number): Group[] {
  const apart: Group[] = [];
  const alike = new Map<string, Group[]>();
  for (const group of groups) {
    const head = group.members[0]!;
    const slot = head.slots[at];
    if (slot === undefined || slot.kind === 'separator') {
      apart.push(group);
      continue;
    }
    const key = `${signature(head.slots, at)}\u0003${feedersOf(group)}`;
    append(alike, key, group);
  }
  const merged: Group[] = [];
  for (const candidates of alike.values()) merged.push(...mergeAlike(candidates, at));
  return [...apart, ...merged];
}

function mergeAlike(candidates: readonly Group[], at: number): readonly Group[] {
  if (candidates.length < 2) return candidates;
  const hasLineage = feedersOf(candidates[0]!) !== '';
  const values = candidates.some((group) => group.members[0]!.slots[at]!.kind === 'varying');
  const enough = candidates.length >= (hasLineage ? WORDS_WITH_LINEAGE : WORDS_WITHOUT_LINEAGE);
  if (!enough && !(hasLineage && values)) return candidates;
  const members = candidates.flatMap((group) => group.members);
  return [
    {
      members: members.map((member) => ({
        ...member,
        slots: member.slots.map((slot, i) => (i === at ? { ...slot, kind: 'varying', always: true } : slot)),
      })),
    },
  ];
}

function nameGroup(group: Group, templates: Map<string, string>): void {
  const head = group.members[0]!;
  const pieces = head.slots.map((slot, i) => {
    if (slot.kind !== 'varying') return slot.text;
    const varies = group.members.some((member) => member.slots[i]!.text !== slot.text);
    const always = group.members.some((member) => member.slots[i]!.always);
    const informed = group.members.filter((member) => member.feeders !== '');
    const bound = informed.length > 0 && informed.every((member) => member.slots[i]!.bound);
    return varies || always || bound ? slot.name : slot.text;
  });
  const template = pieces.join('');
  for (const member of group.members) templates.set(member.key, template);
}

const VARIABLE = /\{id\}|\{hash\}/;
/** What no variable part holds, unless there is no other way. */
const SEPARATORS = ':/|#;,=&?~@ {}';

/** Cuts keys of one template into the texts of their variable parts. */
export function cutterOf(template: string): (key: string) => readonly string[] | null {
  const pieces = template.split(VARIABLE).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const strict = new RegExp(`^${pieces.join(`([^${SEPARATORS}]+)`)}$`);
  const loose = new RegExp(`^${pieces.join('(.+?)')}$`, 's');
  return (key) => (strict.exec(key) ?? loose.exec(key))?.slice(1) ?? null;
}
