/**
 * Names of the protocol's messages. Source: PostgreSQL documentation, "Frontend/Backend Protocol", pages "Message
 * Flow" and "Message Formats" (protocol 3.0 and 3.2).
 */

const code = (letter: string): number => letter.charCodeAt(0);

/** Type bytes of messages that clients send. */
export const Frontend = {
  query: code('Q'),
  parse: code('P'),
  bind: code('B'),
  describe: code('D'),
  execute: code('E'),
  close: code('C'),
  sync: code('S'),
  flush: code('H'),
  functionCall: code('F'),
  terminate: code('X'),
  /** PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse. */
  password: code('p'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
} as const;

/** Type bytes of messages that servers send. */
export const Backend = {
  authentication: code('R'),
  backendKeyData: code('K'),
  parameterStatus: code('S'),
  readyForQuery: code('Z'),
  rowDescription: code('T'),
  dataRow: code('D'),
  commandComplete: code('C'),
  emptyQueryResponse: code('I'),
  errorResponse: code('E'),
  noticeResponse: code('N'),
  notification: code('A'),
  parseComplete: code('1'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  noData: code('n'),
  portalSuspended: code('s'),
  parameterDescription: code('t'),
  copyInResponse: code('G'),
  copyOutResponse: code('H'),
  copyBothResponse: code('W'),
  copyData: code('d'),
  copyDone: code('c'),
  functionCallResponse: code('V'),
  negotiateProtocolVersion: code('v'),
} as const;

/** The type that a scanner reports for the packets of the startup phase, which carry no type byte. */
export const UNTYPED = 0;

/** The 32-bit codes with which a packet of the startup phase begins. */
export const StartupCode = {
  cancel: 80877102,
  ssl: 80877103,
  gssenc: 80877104,
  version30: 3 << 16,
  version32: (3 << 16) | 2,
} as const;

/** What a statement or portal name of Describe and Close refers to. */
export const Target = { statement: code('S'), portal: code('P') } as const;

/** ReadyForQuery's transaction status: idle, in a transaction block, in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';
