-- Deterministic data for an empty shop: 6 categories, 60 items, 20 users, 30,000 reviews, 20,000 orders.

INSERT INTO categories (id, name)
SELECT n, (ARRAY['Lighting', 'Kitchen', 'Garden', 'Office', 'Travel', 'Workshop'])[n]
FROM generate_series(1, 6) AS n;

INSERT INTO items (id, category_id, name, price)
SELECT n, 1 + (n - 1) % 6,
       (ARRAY['Lantern', 'Skillet', 'Trellis', 'Stapler', 'Duffel', 'Chisel'])[1 + (n - 1) % 6] || ' model ' || 100 + n,
       1000 + n * 37.41
FROM generate_series(1, 60) AS n;

INSERT INTO reviews (id, item_id, rating)
SELECT n, 1 + n * 7 % 60, 1 + n * n % 5
FROM generate_series(1, 30000) AS n;

INSERT INTO stock (item_id, quantity, warehouse)
SELECT n, 50000 + n * 113, (ARRAY['Lyon', 'Porto', 'Ghent'])[1 + n % 3]
FROM generate_series(1, 60) AS n;

INSERT INTO users (id, slug, name, city)
SELECT n, 'member-' || chr(96 + n), 'Member ' || chr(64 + n) || ' of ' || 1990 + n,
       (ARRAY['Bergen', 'Leeds', 'Turin', 'Gdansk'])[1 + n % 4]
FROM generate_series(1, 20) AS n;

INSERT INTO tokens (token, user_id, can_write) VALUES ('guest', NULL, false);
INSERT INTO tokens (token, user_id, can_write)
SELECT 'demo-token-' || n, n, true
FROM generate_series(1, 20) AS n;

INSERT INTO orders (user_id, item_id, quantity, total)
SELECT 1 + n % 20, 1 + n * 11 % 60, 1 + n % 3, (1 + n % 3) * (1000 + n % 997)
FROM generate_series(1, 20000) AS n;

ANALYZE;
