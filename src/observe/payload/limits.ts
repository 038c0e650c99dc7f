/** Every bound of this room. Past a bound the payload says `truncated`, and absence of a value proves nothing. */
export const LIMITS = {
  /** Scalar leaves of one payload. */
  leaves: 2_000,
  /** Words, numbers and runs of words of one payload. */
  words: 2_000,
  /** Containers within containers. */
  depth: 64,
  /** Containers and scalars looked at; a pickle may refer to one list a million times. */
  nodes: 50_000,
  /** Bytes looked at, before and after decompression. */
  bytes: 1_048_576,
  /** Decoders within decoders: base64 of gzip of JSON with a JSON string inside is four. */
  layers: 6,
  /** Bytes that a framework may have put before a document. */
  prefix: 24,
  /** Bytes of a header that stands before a document. */
  header: 512,
  /** Characters of one payload that are searched for words. */
  wordText: 65_536,
  /** Characters of a segment or run that is offered as a whole. */
  phrase: 160,
  /** Words of a run, and of a long one: names of goods in running text. Long ones come after all others. */
  run: 4,
  longRun: 9,
  /** Scalars whose digests are remembered, and the longest text worth remembering. */
  memo: 60_000,
  memoText: 200,
  /** Digests that can be shown as text while live, and the longest text kept. */
  reveal: 20_000,
  revealText: 80,
  /** Texts longer than this are hashed natively. */
  sipText: 2_048,
  /** Secrets told of one payload, and characters of it that are searched for them. */
  secrets: 16,
  secretText: 65_536,
  /** Texts that are never shown because they were found to be secrets. */
  hidden: 20_000,
  /** Bytes of an integer that is written out in decimal. */
  integerBytes: 64,
} as const;
