/** The world of an exploration. */
export type {
  Flight,
  GatePair,
  Judgement,
  OpenWorld,
  OracleAnswer,
  Reply,
  Response,
  World,
  WorldFacts,
  WorldOptions,
} from './contract.ts';
export { openWorld } from './world.ts';
