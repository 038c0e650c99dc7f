import { describe } from 'vitest';
import { describeRecipes } from '../recipes/stories.ts';

describe('recipes in Python', () => describeRecipes('python'));
