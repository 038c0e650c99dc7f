import { describe } from 'vitest';
import { describeWatchedShop } from './shop-stories.ts';

describe('watching examples/fastapi-shop', () => describeWatchedShop('fastapi-shop'));
