/** The questions of `case new` on a terminal: one for each thing that no flag and no finding has told. */
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { type CaseDraft, questionsEnded, VARIABLE_KINDS, type VariableKind } from '../../case/index.ts';
import type { Frame } from '../frame.ts';
import { type FlagTexts, problemOf } from './case-flags.ts';

interface Question {
  readonly field: keyof CaseDraft;
  readonly text: string;
  readonly rule: keyof FlagTexts | 'input' | 'kind';
}

const QUESTIONS: readonly Question[] = [
  { field: 'title', text: 'What is it about, in one line?', rule: 'title' },
  { field: 'owner', text: 'Who answers for it?', rule: 'owner' },
  { field: 'route', text: 'Which route? (GET /items/{id})', rule: 'route' },
  { field: 'symptom', text: 'Where does the user notice it?', rule: 'symptom' },
  { field: 'input', text: 'Which request shows it? (GET /items/1)', rule: 'input' },
  { field: 'expected', text: 'What must the answer be? (a status, or a sentence)', rule: 'expected' },
  { field: 'change', text: 'What is the one change?', rule: 'change' },
  {
    field: 'kind',
    text: `Which kind of variable does it turn? (${VARIABLE_KINDS.join(', ')})`,
    rule: 'kind',
  },
  { field: 'rollback', text: 'Which command takes it back?', rule: 'rollback' },
  { field: 'service', text: 'Which command starts the service, on {port}?', rule: 'service' },
];

/** Somebody is there to answer: what is asked goes to stderr, so that stdout stays the answer. */
export function canAsk(frame: Frame): boolean {
  return frame.terminal && frame.stdin().isTTY === true;
}

/** The draft with answers. Throws WSE710 when the input ends before. */
export async function askedDraft(draft: CaseDraft, frame: Frame): Promise<CaseDraft> {
  const output = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      frame.err(String(chunk));
      done();
    },
  });
  const lines = createInterface({ input: frame.stdin(), output, terminal: false });
  const typed = lines[Symbol.asyncIterator]();
  frame.err('An empty line leaves a question for later: it is then a comment in case.yaml.\n');
  try {
    let answered = draft;
    for (const question of QUESTIONS) {
      if (isKnown(answered[question.field]) || (question.field === 'service' && answered.url !== null))
        continue;
      const answer = await ask(question, typed, frame);
      if (answer !== null) answered = withAnswer(answered, question.field, answer);
    }
    return answered;
  } finally {
    lines.close();
  }
}

function isKnown(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null;
}

/** Asks until the answer can be used. */
async function ask(
  { text, rule }: Question,
  typed: ReturnType<Interface[typeof Symbol.asyncIterator]>,
  frame: Frame,
): Promise<string | null> {
  for (;;) {
    frame.err(`${text} `);
    const line = await typed.next();
    if (line.done === true) throw questionsEnded();
    const answer = line.value.trim();
    if (answer === '') return null;
    const problem = rule === 'kind' ? kindProblem(answer) : problemOf(rule, answer);
    if (problem === null) return answer;
    frame.err(`${problem}\n`);
  }
}

function kindProblem(answer: string): string | null {
  return VARIABLE_KINDS.includes(answer as VariableKind) ? null : `One of ${VARIABLE_KINDS.join(', ')}.`;
}

function withAnswer(draft: CaseDraft, field: keyof CaseDraft, answer: string): CaseDraft {
  return { ...draft, [field]: field === 'input' ? [answer] : answer };
}
