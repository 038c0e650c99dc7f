/**
 * What a PostgreSQL connection shows of the library behind it: which run-time parameters its startup packet names and in
 * which order, how it names prepared statements, how it spells the beginning of a transaction, what it asks for its own
 * sake, and whether it sends values as parameters or writes them into the text.
 *
 * Nothing of the service's data is kept: of what it asks for its own sake the shape, without literals.
 */
import { shapes } from '../sql/shape.ts';
import type { Request } from './requests.ts';

export const SIGN_LIMITS = {
  /** Requests of a connection that are looked at. */
  requests: 400,
  /** Times that a connection's signs are told. */
  told: 8,
  /** Questions of a library kept, and characters of each. */
  questions: 6,
  question: 80,
  /** Characters of a statement's name. */
  name: 40,
} as const;

export type Signs = readonly (readonly [sign: string, value: string])[];

/** Application names that libraries and tools give themselves; any other is the service's own. */
const LIBRARY_NAMES = /^(?:postgres\.js|PostgreSQL JDBC Driver|Npgsql|psql|pgcli|pgx|sqlx|DBeaver)\b/;

const BEGINS = /^\s*(?:begin|start\s+transaction)\b/i;
const BEGIN_WORDS = /^[a-z ,;]{1,60}$/i;
const QUESTION =
  /^\s*(?:set|show|reset|discard)\b|\bpg_(?:catalog|type|namespace|range|class)\b|\bcurrent_(?:schema|setting)\b|\bset_config\b|^\s*select\s+version\(\)/i;
const DATA = /^\s*(?:select|insert|update|delete|with|merge|values|\()/i;

/** Gathers the signs of one connection, and tells them when it is used for data. */
export class PostgresSigns {
  readonly #signs = new Map<string, string>();
  readonly #questions: string[] = [];
  readonly #tell: (signs: Signs) => void;
  readonly #names = new Map<string, boolean>();
  #seen = 0;
  #told = 0;
  #changed = false;

  constructor(tell: (signs: Signs) => void) {
    this.#tell = tell;
  }

  /** The startup packet. */
  started(parameters: ReadonlyMap<string, string>): void {
    this.#set('startup', [...parameters.keys()].map((name) => name.slice(0, SIGN_LIMITS.name)).join(' '));
    const encoding = parameters.get('client_encoding');
    if (encoding !== undefined) this.#set('client_encoding', encoding.slice(0, SIGN_LIMITS.name));
    const [library] = LIBRARY_NAMES.exec(parameters.get('application_name') ?? '') ?? [];
    if (library !== undefined) this.#set('application_name', library);
  }

  /** Anything the client asks. */
  request(request: Request): void {
    if (this.#seen >= SIGN_LIMITS.requests) return;
    this.#seen++;
    if (request.kind === 'query') this.#statement(request.sql, 'simple');
    else if (request.kind === 'parse') {
      this.#parse(request.name, request.sql);
    } else if (request.kind === 'bind') {
      // A statement is prepared once and run often: each run uses the connection.
      if (this.#names.get(request.statement) === true) this.#used();
    }
  }

  #parse(name: string, sql: string): void {
    if (name !== '' && !this.#signs.has('statement')) this.#set('statement', name.slice(0, SIGN_LIMITS.name));
    if (this.#names.size < SIGN_LIMITS.requests) this.#names.set(name, isData(sql));
    this.#statement(sql, 'extended');
  }

  #statement(sql: string, protocol: 'simple' | 'extended'): void {
    if (BEGINS.test(sql)) {
      if (BEGIN_WORDS.test(sql)) this.#set('begin', `${protocol} ${sql}`);
    } else if (isData(sql)) {
      const known = this.#signs.get('values');
      this.#set('values', known === undefined || known === protocol ? protocol : 'both');
      if (protocol === 'simple') this.#used();
    } else if (QUESTION.test(sql)) this.#asked(sql);
  }

  #asked(sql: string): void {
    if (this.#questions.length >= SIGN_LIMITS.questions) return;
    const shape = (shapes(sql.slice(0, 4 * SIGN_LIMITS.question))[0]?.shape ?? '').slice(
      0,
      SIGN_LIMITS.question,
    );
    if (shape === '' || this.#questions.includes(shape)) return;
    this.#questions.push(shape);
    this.#changed = true;
  }

  #set(sign: string, value: string): void {
    if (this.#signs.get(sign) === value) return;
    this.#signs.set(sign, value);
    this.#changed = true;
  }

  #used(): void {
    if (!this.#changed || this.#told >= SIGN_LIMITS.told) return;
    this.#changed = false;
    this.#told++;
    this.#tell([...this.#signs, ...this.#questions.map((question) => ['asks', question] as const)]);
  }
}

/** Whether a statement is the service's own. */
function isData(sql: string): boolean {
  return DATA.test(sql) && !QUESTION.test(sql);
}
