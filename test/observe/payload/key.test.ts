import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digester } from './support.ts';

const JWT =
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIiwiZXhwIjoxNzAwMDAwMDAwfQ.Rb3H0mJkq9wT1xZl2cVn8sYp4uEo6aGd5fKj7iLhMtQ';

const SECRET: readonly (readonly [string, string, string])[] = [
  ['session:', JWT, ''],
  ['', JWT, ''],
  ['auth:', JWT, ':permissions'],
  ['apikey:', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', ''],
  ['customer:', 'pk_test_TYooMQauvdEDq54NiTphI7jx', ':plan'],
  ['gh:', `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6'}`, ''],
  ['aws:', 'AKIAIOSFODNN7EXAMPLE', ''],
  ['google:', 'AIzaSyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v', ''],
  ['session:', 'Zx81LkQ0vTn5Rb3Hm9Yw2Ec7Uf4Jd6Gs', ''],
  ['sess|', 'k3J9-xQ2mP7_vL4nR8tY1wZ6bC0dF5gH', '|user'],
  ['token:', 'q8Xk2Lm+9Rt4/Vb7Nc1Zy6Wd3Ph5Sg0', '='],
  ['cart.', 'Zx81LkQ0vTn5Rb3Hm9Yw2Ec7Uf4Jd6Gs', '.total'],
  ['Bearer ', 'a1b2c3d4e5f6g7h8i9j0k', ''],
  ['api_key:', 'x7k2m9p4q8r1t5w3', ':limits'],
  ['v1/session/', 'Zx81LkQ0vTn5Rb3Hm9Yw2Ec7Uf4Jd6Gs', '/cart'],
];

const PLAIN: readonly string[] = [
  'item:1',
  'item:{4711}:price',
  ':1:views.decorators.cache.cache_page..GET.d41d8cd98f00b204e9800998ecf8427e.en-us.UTC',
  'page:9e107d9d372bb6826bd81d3542a419d6',
  'blob:da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'blob:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'user:3b241101-e2bb-4255-8caf-4136c566a962',
  'user:3B241101-E2BB-4255-8CAF-4136C566A962:cart',
  'order:01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'mongo:507f1f77bcf86cd799439011',
  'article:how-to-find-stale-caches-in-2024-and-beyond',
  'article:How-To-Find-Stale-Caches-In-2024-And-Beyond',
  'com.example.shop.ProductCatalogueService.findByCategoryAndPrice',
  'getUserProfileByIdV2WithOrdersAndAddresses',
  'App\\Models\\Product:4711',
  'laravel_database_laravel_cache_:products.featured.page.2',
  'views/products/20240101120000000000-abc',
  'ratelimit:203.0.113.7:60',
  'ann.lee+news@example.org',
  'token:4711',
  'refresh_token:01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'password:reset-requests',
  'api_keys:all-active-keys',
  'celery-task-meta-3b241101-e2bb-4255-8caf-4136c566a962',
  '12345678901234567890123456789012345678901234567890',
];

describe('key names', () => {
  it.each(SECRET)('%s%s%s hides its secret', (before, secret, after) => {
    const shown = digester.key(before + secret + after);
    expect(shown).toBe(
      `${before}${secret.slice(0, 4)}…${digester.key(shown).match(/h:[0-9a-f]{12}/)?.[0]}${after}`,
    );
    expect(shown).not.toContain(secret);
  });

  it.each(PLAIN)('%s is shown as it is', (name) => {
    expect(digester.key(name)).toBe(name);
  });

  it('keeps equal secrets equal and different ones different', () => {
    expect(digester.key(`a:${JWT}`).slice(2)).toBe(digester.key(`b:${JWT}`).slice(2));
    expect(digester.key(`a:${JWT}`)).not.toBe(digester.key(`a:${JWT}x`));
  });

  it('hides nearly every random token', () => {
    const base62 = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
    const token = fc
      .array(fc.constantFrom(...base62), { minLength: 32, maxLength: 32 })
      .map((chars) => chars.join(''));
    const tokens = fc.sample(token, { numRuns: 2000, seed: 1 });
    const hidden = tokens.filter((text) => digester.key(`session:${text}`).includes('…'));
    expect(hidden.length / tokens.length).toBeGreaterThan(0.95);
  });

  it('never hides numbers, lower-case words or hex, alone or joined', () => {
    const part = fc.oneof(
      fc.nat().map(String),
      fc.stringMatching(/^[a-z]{1,12}$/),
      fc.stringMatching(/^[0-9a-f]{8,64}$/),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(':', '/', '.', '|'),
        (parts, separator) => {
          const name = parts.join(separator);
          expect(digester.key(name)).toBe(name);
        },
      ),
    );
  });
});
