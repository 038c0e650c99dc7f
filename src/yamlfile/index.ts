/** YAML files that people write: read, held against a schema, and what is wrong said with line and column. */
export { NotYaml, type Path, type Place, readYaml, type YamlDocument } from './document.ts';
export { nearest } from './nearest.ts';
export { fieldsAt, type Problem, problemSentence, problemsOf } from './problems.ts';
