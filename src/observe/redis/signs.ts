/**
 * What a Redis connection shows of the client library behind it: the name that it gives itself (CLIENT SETINFO), the
 * protocol that it asks for, what it asks before anything else, and how it spells command names. No argument of any other
 * command is looked at.
 *
 * Source: redis.io/docs/latest/commands/client-setinfo and /hello.
 */
import type { Arguments } from './arguments.ts';

/** Commands of a connection that are looked at for habits; a name that it gives itself counts at any time. */
const LOOKED_AT = 64;
/** Characters kept of a library's name or version. */
const LONGEST = 64;
/** What a library calls itself; anything else is not kept. */
const NAME = /^[\w.()[\]+;:, -]{1,64}$/;

export type Signs = readonly (readonly [sign: string, value: string])[];

export class RedisSigns {
  readonly #signs = new Map<string, string>();
  readonly #tell: (signs: Signs) => void;
  #seen = 0;
  #changed = false;
  #used = false;

  constructor(tell: (signs: Signs) => void) {
    this.#tell = tell;
  }

  /** Whether ordinary commands still say something. */
  get looking(): boolean {
    return this.#seen < LOOKED_AT;
  }

  /** HELLO and CLIENT. */
  introduction(command: string, args: Arguments): void {
    if (command === 'HELLO') {
      this.#set('hello', Number.isNaN(args.integer(1)) ? '2' : String(args.integer(1)));
      return;
    }
    if (args.count < 4 || args.text(1).toUpperCase() !== 'SETINFO') return;
    const sign = args.text(2).toLowerCase();
    const value = args.text(3).slice(0, LONGEST);
    if ((sign === 'lib-name' || sign === 'lib-ver') && NAME.test(value)) this.#set(sign, value);
  }

  /** Any other command; `data`: it reads or writes keys. */
  command(command: string, args: Arguments, data: boolean): void {
    this.#seen++;
    const written = args.text(0);
    const letters = written === written.toLowerCase() ? 'lower' : 'upper';
    const spelled = written === written.toUpperCase() || letters === 'lower' ? letters : 'mixed';
    const known = this.#signs.get('case');
    this.#set('case', known === undefined || known === spelled ? spelled : 'mixed');
    if (command === 'INFO' && !this.#used) this.#set('first', 'info');
    this.#used ||= data;
    if (data && this.#changed) this.#say();
  }

  #set(sign: string, value: string): void {
    if (this.#signs.get(sign) === value) return;
    this.#signs.set(sign, value);
    this.#changed = true;
  }

  #say(): void {
    this.#changed = false;
    this.#tell([...this.#signs]);
  }
}
