-- As schema.sql leaves it.
UPDATE products SET price = 100, version = 1;
DELETE FROM invalidations;
