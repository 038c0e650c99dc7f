/** Text of a map file → the committed map. What is wrong is said with line and column. */
import type { Document } from 'yaml';
import { type CommittedMap, MAP_VERSION } from '../core/map/committed.ts';
import { templateId } from '../core/map/coverage-map.ts';
import { NotYaml, problemsOf, readYaml, type YamlDocument } from '../yamlfile/index.ts';
import { noYaml, unknownVersion, wrongField } from './errors.ts';
import { MapFileSchema } from './schema.ts';

export interface ParsedMap {
  readonly map: CommittedMap;
  /** The document with its comments, to be written again. */
  readonly document: Document;
}

/** Throws WSE502, WSE503 or WSE504. `path` names the file in errors. */
export function parseMapFile(text: string, path: string): ParsedMap {
  const yaml = yamlOf(text, path);
  checkVersion(yaml, path);
  const result = MapFileSchema.safeParse(yaml.value);
  if (!result.success) {
    const [first] = problemsOf(result.error.issues, yaml, MapFileSchema, 'the map');
    throw wrongField(path, first!);
  }
  checkTwice(result.data, path, yaml);
  return { map: result.data, document: yaml.document };
}

function yamlOf(text: string, path: string): YamlDocument {
  try {
    return readYaml(text);
  } catch (error) {
    throw error instanceof NotYaml ? noYaml(path, error.at, error.message) : error;
  }
}

function checkVersion({ value, fieldPlace }: YamlDocument, path: string): void {
  if (typeof value !== 'object' || value === null || !('version' in value)) return;
  const { version } = value;
  if (typeof version === 'number' && version !== MAP_VERSION)
    throw unknownVersion(path, fieldPlace(['version']), String(version));
}

/** A template stands in the file once for each database. */
function checkTwice({ templates }: CommittedMap, path: string, { fieldPlace }: YamlDocument): void {
  const seen = new Set<string>();
  for (const [i, template] of templates.entries()) {
    const id = templateId(template);
    if (seen.has(id)) {
      const problem = `the template ${template.template} of database ${template.db} stands here twice`;
      const at = fieldPlace(['templates', i]);
      throw wrongField(path, { at, problem, expected: 'Each template once for each database.' });
    }
    seen.add(id);
  }
}
