import { describe } from 'vitest';
import { describeShop } from './shop-contract.ts';

describe('examples/node-shop', () => describeShop('node-shop'));
