/** Whole numbers on the command line. */
import { InvalidArgumentError } from 'commander';

export function naturalNumber(text: string): number {
  return wholeNumber(text, 0);
}

export function positiveNumber(text: string): number {
  return wholeNumber(text, 1);
}

function wholeNumber(text: string, least: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new InvalidArgumentError(`A whole number from ${least} up is needed.`);
}
