/** The change stream as operations of the history: decoding, gathering, visibility, who committed. No I/O. */
export {
  decodeReplication,
  encodeStandbyStatus,
  formatLsn,
  parseLsn,
} from '../../wire/postgres/logical/index.ts';
export { ProxiedProcesses } from './activity.ts';
export { type StreamPlugin, streamDecoder } from './decoder.ts';
export { ChangeFollower, type FollowerTools } from './follower.ts';
export { CHANGE_LIMITS } from './limits.ts';
export { type Look, lookQuery, readLook } from './look.ts';
