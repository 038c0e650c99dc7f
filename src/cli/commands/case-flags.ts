/** What `case new` is told in texts: as flags, and as answers. */
import { type CaseDraft, wrongFlag } from '../../case/index.ts';
import { commandOf } from '../../race/scenario/parts.ts';

/** Flags that take one text. */
export interface FlagTexts {
  readonly title?: string;
  readonly owner?: string;
  readonly route?: string;
  readonly symptom?: string;
  readonly expected?: string;
  readonly slow?: string;
  readonly failing?: string;
  readonly change?: string;
  readonly before?: string;
  readonly after?: string;
  readonly rollback?: string;
  readonly service?: string;
  readonly url?: string;
  readonly race?: string;
}

interface FlagText {
  readonly field: keyof CaseDraft;
  /** What stands for the value in the help. */
  readonly value: string;
  readonly help: string;
}

export const FLAG_TEXTS: Readonly<Record<keyof FlagTexts, FlagText>> = {
  title: { field: 'title', value: 'text', help: 'what it is about, in one line' },
  owner: { field: 'owner', value: 'name', help: 'who answers for it' },
  route: { field: 'route', value: 'route', help: "the one route that is looked at: 'GET /items/{id}'" },
  symptom: { field: 'symptom', value: 'text', help: 'where the user notices it' },
  expected: { field: 'expected', value: 'result', help: 'expected result: a status, or a sentence' },
  slow: { field: 'sql', value: 'sql', help: 'the statement that is slow' },
  failing: { field: 'command', value: 'command', help: 'the command that fails' },
  change: { field: 'change', value: 'text', help: 'the one change, in one sentence' },
  before: { field: 'before', value: 'revision', help: 'git revision without the change' },
  after: { field: 'after', value: 'revision', help: 'git revision with the change' },
  rollback: { field: 'rollback', value: 'command', help: 'what takes the change back' },
  service: { field: 'service', value: 'command', help: 'command that starts the service, with {port}' },
  url: { field: 'url', value: 'url', help: 'a service that runs already, in place of --service' },
  race: { field: 'race', value: 'scenario', help: 'a race scenario of the route' },
};

type Flag = keyof FlagTexts | 'input';

const REQUEST = 'A method and a path that can be sent, such as GET /items/1.';
const COMMAND = 'A program and its arguments, with every quote closed.';

const RULES: Readonly<Partial<Record<Flag, readonly [fits: (text: string) => boolean, expected: string]>>> = {
  route: [
    (text) => /^[A-Za-z]+\s+\/\S*$/.test(text),
    'A method and a path, with {id} for what differs: GET /items/{id}.',
  ],
  input: [(text) => /^[A-Za-z]+\s+\/[\x21-\x7e]*$/.test(text), REQUEST],
  failing: [(text) => commandOf(text) !== null, COMMAND],
  rollback: [(text) => commandOf(text) !== null, COMMAND],
  service: [(text) => commandOf(text) !== null, COMMAND],
  url: [
    (text) => /^https?:\/\/[^\s/?#]+\/?$/.test(text),
    'http:// or https:// and a host, without a path: http://127.0.0.1:8000.',
  ],
};

/** What is wrong with a text; null: nothing. */
export function problemOf(flag: Flag, text: string): string | null {
  const rule = RULES[flag];
  return rule === undefined || rule[0](text) ? null : rule[1];
}

/** The text of a flag; null where it says nothing. Throws WSE708. */
export function checkedFlag(flag: Flag, given: string | undefined): string | null {
  const text = given?.trim() ?? '';
  if (text === '') return null;
  const problem = problemOf(flag, text);
  if (problem !== null) throw wrongFlag(flag, text, problem);
  return text;
}
