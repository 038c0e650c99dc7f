import { describe } from 'vitest';
import { describeRecipes } from '../recipes/stories.ts';

describe('recipes in JavaScript', () => describeRecipes('node'));
