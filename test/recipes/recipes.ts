/** The recipes that are runnable, named as their pages are. `key-function` is about names only and has a page alone. */
export const RECIPES = [
  'invalidate-after-commit',
  'transactional-outbox',
  'lease',
  'generation-fence',
  'versioned-key',
  'tombstone',
  'single-flight',
  'ttl-with-jitter',
] as const;
