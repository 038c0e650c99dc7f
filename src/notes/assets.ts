/** The pictures of a note: found beside it, looked at, and copied under names of our own. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { slugOf } from '../case/index.ts';
import { type Asset, type Draft, NOTE_LIMITS } from './contract.ts';
import { imagePath } from './links.ts';
import type { Block, Inline } from './markdown-contract.ts';
import { svgProblem } from './svg.ts';

export const ASSETS_FOLDER = 'assets';

/** Pictures of one note. */
const MAX_ASSETS = 100;

type Told = (says: string) => void;

/** The pictures that a note names and that may be shown. @param slug of the note */
export function assetsOf({ body, fields, folder }: Draft, slug: string, told: Told): readonly Asset[] {
  const named = new Set([...fields.images.map(({ from }) => from), ...imagesIn(body)]);
  const assets: Asset[] = [];
  for (const from of named) {
    if (assets.length === MAX_ASSETS) {
      told(`it has more than ${MAX_ASSETS} pictures; the rest was left out`);
      break;
    }
    const found = picture(folder, from);
    if ('problem' in found) told(`the picture ${from.slice(0, 100)} was left out: ${found.problem}`);
    else {
      const name = `${assets.length + 1}-${
        slugOf(
          from
            .replace(/\.\w+$/, '')
            .split('/')
            .at(-1) ?? '',
        ) ?? 'picture'
      }`;
      const to = `${ASSETS_FOLDER}/${slug}/${name}.${found.type}`;
      assets.push({ from, file: found.file, to, digest: found.digest });
    }
  }
  return assets;
}

export function imagesIn(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => {
    switch (block.is) {
      case 'heading':
      case 'paragraph':
        return inInlines(block.of);
      case 'quote':
        return imagesIn(block.of);
      case 'list':
        return block.items.flatMap(imagesIn);
      case 'table':
        return [block.head, ...block.rows].flatMap((row) => row.flatMap(inInlines));
      default:
        return [];
    }
  });
}

function inInlines(of: readonly Inline[]): readonly string[] {
  return of.flatMap((one) => {
    if (one.is === 'image') return [one.from];
    return 'of' in one ? inInlines(one.of) : [];
  });
}

/** What a picture begins with. */
const BEGINNINGS: readonly (readonly [type: string, at: number, bytes: string])[] = [
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['jpg', 0, '\xff\xd8\xff'],
  ['gif', 0, 'GIF8'],
  ['webp', 8, 'WEBP'],
  ['avif', 4, 'ftypavif'],
];

type Picture =
  | { readonly file: string; readonly type: string; readonly digest: string }
  | { readonly problem: string };

function picture(folder: string, from: string): Picture {
  const path = imagePath(from);
  if (path === null) return { problem: 'its address is not that of a file beside the note' };
  try {
    const file = realpathSync(join(folder, path));
    if (!file.startsWith(`${realpathSync(folder)}${sep}`))
      return { problem: 'it lies outside of the folder of the note' };
    const { size } = statSync(file);
    if (size > NOTE_LIMITS.image) return { problem: `it is larger than ${NOTE_LIMITS.image >> 20} MiB` };
    const bytes = readFileSync(file);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const type = BEGINNINGS.find(
      ([, at, sign]) => bytes.toString('latin1', at, at + sign.length) === sign,
    )?.[0];
    if (type !== undefined) return { file, type, digest };
    const problem = /\.svg$/i.test(path) ? svgOf(bytes) : 'it is no PNG, JPEG, GIF, WebP, AVIF or SVG';
    return problem === null ? { file, type: 'svg', digest } : { problem };
  } catch {
    return { problem: 'it is not there, or cannot be read' };
  }
}

function svgOf(bytes: Buffer): string | null {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return 'it is not UTF-8';
  }
  return svgProblem(source);
}
