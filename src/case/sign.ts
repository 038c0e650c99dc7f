/** Signing a judgement: name and day go into the case's file, with every comment where it was. */
import { isMap, isScalar, isSeq, Pair, parseDocument, Scalar, YAMLMap } from 'yaml';
import { followed, writeWhole } from '../files/whole-file.ts';
import { readText } from '../race/scenario/parts.ts';
import { stepOf, unsignedOf } from './checklist.ts';
import type { Signature } from './contract.ts';
import { CASE_SIGN_FORMAT, type SignDocument } from './document.ts';
import { alreadySigned, CASE_ERRORS, cannotWriteCase, noSigner, otherKind } from './errors.ts';
import { shownPath } from './locate.ts';
import { parseWrittenCase } from './read.ts';
import { shellWord } from './shell.ts';

/** Throws WSE701 to WSE703, WSE707 and WSE813 to WSE816. */
export function signStep(file: string, given: string, signed: Signature, cwd: string): SignDocument {
  if (signed.by.trim() === '' || /[\r\n]/.test(signed.by)) throw noSigner();
  const text = readText(file, CASE_ERRORS);
  const item = parseWrittenCase(text, file);
  const state = stepOf(item, given);
  const one = item.checklist[state.number - 1];
  if (one?.kind !== 'judgement') {
    const folder = shellWord(shownPath(item.folder, cwd));
    throw otherKind(state.step, 'command', `whystale case run ${folder} ${state.number}`);
  }
  if (one.signed !== null) throw alreadySigned(state.step, one.signed.by, one.signed.at);
  const after = signedText(text, state.number - 1, signed);
  // What is written must read back.
  const unsigned = unsignedOf(parseWrittenCase(after, file));
  try {
    writeWhole(followed(file), after);
  } catch (cause) {
    throw cannotWriteCase(file, cause);
  }
  const place = { name: item.name, file: shownPath(item.file, cwd) };
  return { format: CASE_SIGN_FORMAT, case: place, step: state, signed, unsigned };
}

/** The text of a case file with a signature under the step at an index. What is not touched keeps its comments and its order. */
export function signedText(text: string, index: number, signed: Signature): string {
  const document = parseDocument(text);
  const list = document.get('checklist', true);
  if (!isSeq(list)) return text;
  const node = list.items[index];
  const signature = document.createNode(plainSignature(signed), { flow: true });
  if (isMap(node)) node.set('signed', signature);
  else if (isScalar(node)) list.items[index] = withStep(node, signature);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** `- looks right # since May` → the step with fields; its comments go with it. */
function withStep(scalar: Scalar, signature: unknown): YAMLMap {
  const map = new YAMLMap();
  const step = new Scalar(scalar.value);
  if (scalar.type !== undefined) step.type = scalar.type;
  if (scalar.comment != null) step.comment = scalar.comment;
  if (scalar.commentBefore != null) map.commentBefore = scalar.commentBefore;
  if (scalar.spaceBefore === true) map.spaceBefore = true;
  map.items.push(new Pair(new Scalar('step'), step), new Pair(new Scalar('signed'), signature));
  return map;
}

/** A name is a text, and no variable. */
function plainSignature({ by, at, note }: Signature): Readonly<Record<string, string>> {
  const plain = (text: string) => text.replaceAll('${', () => '$${');
  return { by: plain(by.trim()), at, ...(note === null ? {} : { note: plain(note) }) };
}
