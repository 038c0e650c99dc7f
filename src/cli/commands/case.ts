/** `case`: one measured change to one route, from its file to its end. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CASES_FOLDER, checkCase, listCases, locateCase, showCase, surroundings } from '../../case/index.ts';
import { caseCheckText } from '../../report/case-check-text.ts';
import { caseListText } from '../../report/case-list-text.ts';
import { caseText } from '../../report/case-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { CASE_ARGUMENT, JSON_OPTION, registerClose, registerRun, registerSign } from './case-done.ts';
import { registerNew } from './case-new.ts';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('case')
    .description(
      'A case: one change to one route, measured before and after, in a folder that is fit for git.',
    );
  registerNew(command, frame);
  registerShow(command, frame);
  registerCheck(command, frame);
  registerRun(command, frame);
  registerSign(command, frame);
  registerClose(command, frame);
  registerList(command, frame);
  withExamples(command, ['whystale case new old-price --from F3', 'whystale case show old-price']);
}

function registerShow(parent: Command, frame: Frame): void {
  const command = parent
    .command('show')
    .description('Print a case as a runbook: every command in order, ready to be pasted.')
    .argument(...CASE_ARGUMENT)
    .option(...JSON_OPTION)
    .action(
      frame.action(async (given: string, { json }: Options): Promise<ExitCode> => {
        const document = await showCase(locateCase(given, frame.cwd), surroundings(frame.cwd, frame.env));
        if (json === true) printJson(frame, document);
        else frame.out(caseText(document, frame.drawing));
        return EXIT.done;
      }),
    );
  withExamples(command, ['whystale case show cases/old-price', 'whystale case show old-price --json']);
}

function registerCheck(parent: Command, frame: Frame): void {
  const command = parent
    .command('check')
    .description('Say what a case lacks, and what to write: exit code 1 while something required is missing.')
    .argument(...CASE_ARGUMENT)
    .option(...JSON_OPTION)
    .action(
      frame.action(async (given: string, { json }: Options): Promise<ExitCode> => {
        const document = await checkCase(locateCase(given, frame.cwd), surroundings(frame.cwd, frame.env));
        if (json === true) printJson(frame, document);
        else frame.out(caseCheckText(document, frame.drawing));
        return document.complete ? EXIT.done : EXIT.findings;
      }),
    );
  withExamples(command, ['whystale case check cases/old-price', 'whystale case check old-price --json']);
}

function registerList(parent: Command, frame: Frame): void {
  const command = parent
    .command('list')
    .description('List the cases of a folder: where each stands, and what is next.')
    .argument('[dir]', `folder of cases (default: ${CASES_FOLDER})`)
    .option(...JSON_OPTION)
    .action(
      frame.action(async (dir: string | undefined, { json }: Options): Promise<ExitCode> => {
        const folder = resolve(frame.cwd, dir ?? CASES_FOLDER);
        const options = { mayBeMissing: dir === undefined };
        const document = await listCases(folder, surroundings(frame.cwd, frame.env), options);
        if (json === true) printJson(frame, document);
        else frame.out(caseListText(document, frame.drawing));
        return EXIT.done;
      }),
    );
  withExamples(command, ['whystale case list', 'whystale case list ./cases --json']);
}
