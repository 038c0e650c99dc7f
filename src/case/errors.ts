/** The coded errors of cases. */
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';
import { fileErrors } from '../race/scenario/parts.ts';

export const CASE_ERRORS = fileErrors('case', 'docs/case.md', {
  cannotRead: 'WSE701',
  noYaml: 'WSE702',
  wrong: 'WSE703',
});

export function noSuchCase(given: string, looked: readonly string[]): WhystaleError {
  return new WhystaleError({
    code: 'WSE704',
    what: `There is no case ${given}: ${looked.join(' and ')} ${looked.length === 1 ? 'does' : 'do'} not exist.`,
    expected: 'The folder of a case, its case.yaml, or the name of a folder in cases/.',
    retry: 'after-fix',
    next: 'Run whystale case list, or start one with whystale case new NAME.',
    exitCode: 2,
  });
}

export function noName(given: string, suggestion: string | null): WhystaleError {
  return new WhystaleError({
    code: 'WSE705',
    what: given === '' ? 'The case has no name.' : `"${given}" cannot be the name of a case.`,
    expected: 'Letters, digits, dots, - and _, beginning with a letter or digit; it becomes a folder.',
    retry: 'after-fix',
    next: `Run whystale case new ${suggestion ?? 'NAME'}`,
    exitCode: 2,
  });
}

/** @param show the command that shows it */
export function caseExists(file: string, show: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE706',
    what: `The case ${file} exists already; it was left as it is.`,
    expected: 'A name that no case has yet.',
    retry: 'after-fix',
    next: `Run ${show}, or choose another name.`,
    exitCode: 2,
  });
}

export function cannotWriteCase(file: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE707',
    what: `The case ${file} was not written: ${fileFailure(cause, 'writing')}.`,
    expected: 'A folder that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions or free space, or choose another folder with --dir.',
    exitCode: 4,
    cause,
  });
}

export function wrongFlag(flag: string, given: string, expected: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE708',
    what: `--${flag} is not understood: "${given}".`,
    expected,
    retry: 'after-fix',
    next: `Correct --${flag}, or leave it out and write it into case.yaml later.`,
    exitCode: 2,
  });
}

export function noFinding(id: string, known: readonly string[], recording: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE709',
    what: `The recording ${recording} has no finding ${id}.`,
    expected:
      known.length === 0 ? 'A recording with findings; this one has none.' : `One of ${known.join(', ')}.`,
    retry: 'after-fix',
    next: 'Run whystale explain: it lists them; --recording names another recording.',
    exitCode: 2,
  });
}

export function questionsEnded(): WhystaleError {
  return new WhystaleError({
    code: 'WSE710',
    what: 'The questions ended before all were answered; nothing was written.',
    expected: 'An answer, or an empty line, to each.',
    retry: 'safe',
    next: 'Run the same again, or give what is known as flags with --yes.',
    exitCode: 3,
  });
}

export function cannotListCases(folder: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE711',
    what: `The cases in ${folder} could not be listed: ${fileFailure(cause, 'reading')}.`,
    expected: 'A folder that holds cases, each in a folder of its own.',
    retry: 'after-fix',
    next: 'Name the folder: whystale case list DIR',
    exitCode: 2,
    cause,
  });
}

export function noSuchStep(given: string, steps: readonly string[]): WhystaleError {
  return new WhystaleError({
    code: 'WSE813',
    what:
      given === ''
        ? 'The checklist of the case has no command.'
        : `The checklist has no step ${given}, or several.`,
    expected:
      steps.length === 0
        ? 'A checklist in case.yaml.'
        : `One of ${steps.map((step, i) => `${i + 1} "${step}"`).join(', ')}.`,
    retry: 'after-fix',
    next: 'Give the number of the step, or write the step into checklist.',
    exitCode: 2,
  });
}

/** @param kind what it is: a command is run, a judgement is signed */
export function otherKind(step: string, kind: 'command' | 'judgement', command: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE814',
    what: `"${step}" is a ${kind}: it is ${kind === 'command' ? 'run' : 'signed'}.`,
    expected: kind === 'command' ? 'A step without a command.' : 'A step with a command.',
    retry: 'after-fix',
    next: `Run ${command}`,
    exitCode: 2,
  });
}

export function alreadySigned(step: string, by: string, at: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE815',
    what: `"${step}" was signed by ${by} on ${at}; it was left as it is.`,
    expected: 'A step that nobody has signed yet.',
    retry: 'after-fix',
    next: 'To sign it anew, take signed out of case.yaml first.',
    exitCode: 2,
  });
}

export function noSigner(): WhystaleError {
  return new WhystaleError({
    code: 'WSE816',
    what: 'It is not said who signs.',
    expected: '--by with a name, on one line.',
    retry: 'after-fix',
    next: 'Give --by NAME.',
    exitCode: 2,
  });
}

export function wrongTag(tag: string, exists: boolean): WhystaleError {
  return new WhystaleError({
    code: 'WSE817',
    what: exists
      ? `The tag ${tag} exists already; it was left as it is.`
      : `"${tag}" cannot be the name of a tag.`,
    expected: exists ? 'A tag that is not there yet.' : 'A name that git allows, such as v1.2.3.',
    retry: 'after-fix',
    next: exists ? `Look at it with git show ${tag}, or choose another name.` : 'Choose another name.',
    exitCode: 2,
  });
}

export function noTag(tag: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE818',
    what: `The tag ${tag} was not made, and the case was left as it was: ${why.replace(/\.$/, '')}.`,
    expected:
      'A git repository around the service in which this user may make tags, with user.name and user.email.',
    retry: 'after-fix',
    next: 'Mend what git says, and run the same again.',
    exitCode: 4,
  });
}

export function cannotWriteChecklist(file: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE819',
    what: `${file} was not written: ${fileFailure(cause, 'writing')}.`,
    expected: 'A folder that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions or free space, and run the same again.',
    exitCode: 4,
    cause,
  });
}
