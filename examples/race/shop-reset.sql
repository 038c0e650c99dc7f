-- What the scenarios of the shops change, as ../seed.sql leaves it.
UPDATE items SET name = 'Lantern model 101', price = 1037.41, category_id = 1 WHERE id = 1;
UPDATE users SET name = 'Member A of 1991', city = 'Leeds' WHERE id = 1;
UPDATE users SET last_seen = '2024-01-01 00:00:00+00' WHERE last_seen <> '2024-01-01 00:00:00+00';
UPDATE stock SET quantity = 50113 WHERE item_id = 1;
DELETE FROM price_history;
DELETE FROM outbox;
DELETE FROM stock_movements;
DELETE FROM orders WHERE id > 20000;
