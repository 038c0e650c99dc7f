/** The only place that names keys: readers and writers call the same function, so they cannot disagree. */
export const keys = {
  item: (id) => `item:${id}`,
  itemPage: (page) => `items:page:${page}`,
  categoryItems: (id) => `category:${id}:items`,
  userById: (id) => `user:${id}`,
  userBySlug: (slug) => `user:slug:${slug}`,
  stock: (id) => `stock:${id}`,
  sales: () => 'stats:sales',
};

/** Changed by every invalidation of `key`; a fill that started under another generation is refused. */
export const generationOf = (key) => `gen:${key}`;

/** Held by the process that computes `key`, where only one at a time may. */
export const lockOf = (key) => `lock:${key}`;
