import { describe } from 'vitest';
import { describeShop } from './shop-contract.ts';

describe('examples/fastapi-shop', () => describeShop('fastapi-shop'));
