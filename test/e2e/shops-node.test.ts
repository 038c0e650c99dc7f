import { describe } from 'vitest';
import { describeWatchedShop } from './shop-stories.ts';

describe('watching examples/node-shop', () => describeWatchedShop('node-shop'));
