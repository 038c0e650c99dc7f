-- As schema.sql leaves it. Ids begin again, too: every execution must meet the same ones.
UPDATE products SET price = 100, version = 1;
TRUNCATE invalidations RESTART IDENTITY;
