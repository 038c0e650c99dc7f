-- What the service and the recipes need. Safe to run again.
CREATE TABLE IF NOT EXISTS products (
  id      int PRIMARY KEY,
  name    text NOT NULL,
  price   int NOT NULL,
  version int NOT NULL DEFAULT 1
);

-- Keys that still have to be removed from the cache: recipe "transactional outbox".
CREATE TABLE IF NOT EXISTS invalidations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL);

INSERT INTO products SELECT n, 'Product ' || n, 100 FROM generate_series(1, 3) AS n ON CONFLICT DO NOTHING;
