-- What the recipes need. Safe to run again.
CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL);

-- Keys that still have to be removed from the cache: recipe "transactional outbox".
CREATE TABLE IF NOT EXISTS invalidations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL);

INSERT INTO products SELECT n, 'Product ' || n, 0 FROM generate_series(1, 40) AS n ON CONFLICT DO NOTHING;
