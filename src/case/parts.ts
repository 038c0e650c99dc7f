/** The parts of a case as they are written → as they are used, with defaults filled in. */
import { resolve } from 'node:path';
import {
  listOf,
  milliseconds,
  type Reading,
  readCommand,
  readRequests,
  readService,
  readSetup,
  readStores,
  wholeNumber,
} from '../race/scenario/parts.ts';
import type { Case, CaseFinding, ChecklistItem, LoadSpec, RollbackSpec } from './contract.ts';
import { readExpectation } from './expectation.ts';
import { rateOf } from './rate.ts';
import { readRehearse } from './rehearse-part.ts';
import type { CaseFile } from './schema.ts';

export const LOAD_DEFAULTS: LoadSpec = { rate: 50, seconds: 20, cold: 30, warmup: 20, timeoutMs: 10_000 };

type Built = Omit<Case, 'file' | 'folder' | 'name' | 'digest' | 'title'> & {
  readonly title: string | null;
  readonly closed: string | null;
  readonly outcome: string | null;
};

export function caseOf(form: CaseFile, reading: Reading): Built {
  const built = partsOf(form, reading);
  return { ...built, rehearse: readRehearse(form.rehearse, built, reading) };
}

function partsOf(form: CaseFile, reading: Reading): Omit<Built, 'rehearse'> {
  const { service, change = {} } = form;
  if (service !== undefined && form.url !== undefined)
    reading.wrong(['url'], 'service and url both say where the service is', 'One of them.');
  return {
    title: form.title ?? null,
    status: form.status ?? 'open',
    closed: form.closed ?? null,
    outcome: form.outcome ?? null,
    owner: form.owner ?? null,
    route: form.route === undefined ? null : routeOf(form.route),
    symptom: form.symptom ?? null,
    requests: readRequests(form.input, ['input'], reading),
    expected: readExpectation(form.expected, ['expected'], reading),
    slow: slowOf(form, reading),
    change: {
      what: change.what ?? null,
      kind: change.kind ?? null,
      before: change.before ?? null,
      after: change.after ?? null,
    },
    rollback: rollbackOf(form, reading),
    assumptions: listOf<string>(form.assumptions),
    links: listOf<string>(form.links),
    finding: findingOf(form, reading),
    race: form.race === undefined ? null : resolve(reading.folder, form.race),
    service: service === undefined ? null : readService({ service }, reading),
    url: form.url?.trim().replace(/\/$/, '') ?? null,
    stores: readStores({ stores: form.stores }, reading),
    setup: readSetup({ setup: form.setup }, reading),
    warmup: readRequests(form.warmup, ['warmup'], reading),
    load: loadOf(form, reading),
    checklist: (form.checklist ?? []).map((item, i) => checklistItem(item, i, reading)),
    allow: listOf<string>(form.allow),
  };
}

/** `get  /items/{id}` → `GET /items/{id}`. */
export function routeOf(text: string): string {
  const [method = '', path = ''] = text.trim().split(/\s+/);
  return `${method.toUpperCase()} ${path}`;
}

function slowOf({ slow }: CaseFile, reading: Reading): Case['slow'] {
  if (slow === undefined || typeof slow === 'string') return { sql: slow ?? null, command: null };
  const { sql = null, command } = slow;
  return {
    sql,
    command: command === undefined ? null : readCommand(command, ['slow', 'command'], reading),
  };
}

function rollbackOf({ rollback }: CaseFile, reading: Reading): RollbackSpec {
  if (rollback === undefined) return { command: null, note: null };
  if (typeof rollback === 'string' || Array.isArray(rollback))
    return { command: readCommand(rollback, ['rollback'], reading), note: null };
  const { command, note = null } = rollback;
  return {
    command: command === undefined ? null : readCommand(command, ['rollback', 'command'], reading),
    note,
  };
}

function findingOf({ finding }: CaseFile, reading: Reading): CaseFinding | null {
  if (finding === undefined) return null;
  const { id, code, template = null, key = null, recording } = finding;
  return {
    id,
    code,
    template,
    key,
    recording: recording === undefined ? null : resolve(reading.folder, recording),
  };
}

function loadOf({ load = {} }: CaseFile, reading: Reading): LoadSpec {
  const timeoutMs = milliseconds(load.timeout, LOAD_DEFAULTS.timeoutMs, ['load', 'timeout'], reading);
  if (timeoutMs <= 0)
    reading.wrong(['load', 'timeout'], '"timeout" leaves no time', 'A duration such as 2s.');
  return {
    rate: rateOf(load.rate, LOAD_DEFAULTS.rate, ['load', 'rate'], reading),
    seconds: wholeNumber(load.seconds, LOAD_DEFAULTS.seconds, ['load', 'seconds'], reading),
    cold: wholeNumber(load.cold, LOAD_DEFAULTS.cold, ['load', 'cold'], reading, 0),
    warmup: wholeNumber(load.warmup, LOAD_DEFAULTS.warmup, ['load', 'warmup'], reading, 0),
    timeoutMs,
  };
}

type ItemFile = NonNullable<CaseFile['checklist']>[number];

function checklistItem(item: ItemFile, index: number, reading: Reading): ChecklistItem {
  if (typeof item === 'string') return { kind: 'judgement', step: item, signed: null };
  const { step, command, signed } = item;
  const path = ['checklist', index];
  if (command !== undefined && signed != null)
    reading.wrong([...path, 'signed'], 'a command is run, and not signed', 'One of command and signed.');
  if (command !== undefined)
    return { kind: 'command', step, command: readCommand(command, [...path, 'command'], reading) };
  return {
    kind: 'judgement',
    step,
    signed: signed == null ? null : { ...signed, note: signed.note ?? null },
  };
}
