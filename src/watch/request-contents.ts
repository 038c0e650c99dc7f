/**
 * What is recorded of a request besides its path, as keyed digests: what it asks by, and the scalars of its response. A body
 * that was told lately is told by its digest alone, so that a recording does not grow with every answer.
 */
import type { HttpRequest, Payload } from '../core/operation.ts';
import { Bodies } from '../core/served/bodies.ts';
import type { Digester } from '../observe/context.ts';
import { hintOf } from '../observe/payload/secret-names.ts';
import type { Asked } from '../proxy/http-asked.ts';
import { BodyCopies } from './http-body.ts';

/** What of a request is read besides its path. */
export interface ReadRequest {
  readonly asked?: Asked;
  /** Its response's body as the service made it; null when it is not looked into. */
  readonly body?: Uint8Array | null;
}

export class RequestContents {
  /** Copies of bodies that are kept at this time. */
  readonly copies = new BodyCopies();
  readonly #digester: Digester;
  readonly #told = new Bodies();

  constructor(digester: Digester) {
    this.#digester = digester;
  }

  of({ asked = [], body = null }: ReadRequest): Pick<HttpRequest, 'asked' | 'body' | 'payload'> {
    const digests = asked
      .filter(([place]) => !namesCredential(place))
      .map(([place, text]) => [place, this.#digester.scalar(text)] as const);
    return { ...(digests.length > 0 ? { asked: digests } : {}), ...(body === null ? {} : this.#body(body)) };
  }

  #body(body: Uint8Array): Pick<HttpRequest, 'body' | 'payload'> {
    const digest = this.#digester.identity(body);
    if (this.#told.get(digest) !== undefined) return { body: digest };
    const { format, leaves, truncated, empty } = this.#digester.inspect(body);
    const payload: Payload = {
      format,
      leaves,
      ...(truncated === undefined ? {} : { truncated }),
      ...(empty === undefined ? {} : { empty }),
    };
    this.#told.add(digest, payload);
    return { body: digest, payload };
  }
}

/** Parameters and fields that hold credentials by their name: nothing of them is recorded. */
function namesCredential(place: string): boolean {
  const name = place.replace(/^(?:\?|header:)/, '');
  return (
    hintOf(name) !== null ||
    /^(?:code|state|sig|signature|key|apikey|otp|pin|ticket|assertion|saml.*|auth)$/i.test(name)
  );
}
