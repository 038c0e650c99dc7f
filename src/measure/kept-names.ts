/**
 * What stands behind masked key names and digested parameters, for as long as the run lasts: keys are removed by their real names, and
 * plans are asked for with real values. Never written anywhere.
 */
import type { Digest } from '../core/operation.ts';
import type { Digester, ObserveContext } from '../observe/context.ts';

export const NAME_LIMITS = {
  /** Names whose shown form differs from the real one. */
  masked: 100_000,
  /** Texts behind recent digests, and the longest kept. */
  texts: 50_000,
  text: 2_048,
} as const;

export class KeptNames {
  readonly #masked = new Map<string, string>();
  readonly #texts = new Map<Digest, string>();

  /** The context with a digester that keeps what it was given. */
  around(context: ObserveContext): ObserveContext {
    const { digest } = context;
    const keeping: Digester = {
      ...digest,
      key: (name) => {
        const shown = digest.key(name);
        if (shown !== name && this.#masked.size < NAME_LIMITS.masked) this.#masked.set(shown, name);
        return shown;
      },
      scalar: (text) => {
        const value = digest.scalar(text);
        if (text.length <= NAME_LIMITS.text) this.#keep(value, text);
        return value;
      },
    };
    return { ...context, digest: keeping };
  }

  #keep(digest: Digest, text: string): void {
    if (this.#texts.size >= NAME_LIMITS.texts && !this.#texts.has(digest))
      this.#texts.delete(this.#texts.keys().next().value!);
    this.#texts.set(digest, text);
  }

  /** The name behind a shown one. */
  real(shown: string): string {
    return this.#masked.get(shown) ?? shown;
  }

  /** The text behind a recent digest. */
  text(digest: Digest): string | undefined {
    return this.#texts.get(digest);
  }
}
