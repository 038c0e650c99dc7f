/** A shop with what databases have: keys of all kinds, references, triggers, views, partitions, policies, sequences. */
export const SHOP = `
CREATE TABLE items (id int PRIMARY KEY, name text, price int, category int, version int DEFAULT 0);
CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);
CREATE TABLE orders (id serial PRIMARY KEY, item_id int REFERENCES items (id) ON DELETE CASCADE, note text);
CREATE TABLE stock (shop text, item int, amount int, PRIMARY KEY (shop, item));
CREATE TABLE logs (line text);
CREATE TABLE audited (id int PRIMARY KEY, name text, updated_at timestamptz);
CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE TABLE touched (id int PRIMARY KEY, name text, updated_at timestamptz);
CREATE TABLE notified (id int PRIMARY KEY, name text);
CREATE TABLE dynamic (id int PRIMARY KEY, name text);
CREATE TABLE days (day int, id int, amount int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10);
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE staff (salary int) INHERITS (people);
CREATE TABLE tenants (id int PRIMARY KEY, owner text);
CREATE TABLE secured (id int PRIMARY KEY, tenant int);
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secured USING (tenant IN (SELECT t.id FROM tenants t));
CREATE VIEW cheap AS SELECT i.id, i.name FROM items i WHERE i.price < 10;
CREATE MATERIALIZED VIEW totals AS SELECT category, sum(price) AS sum FROM items GROUP BY category;
CREATE SEQUENCE counter;
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO audit (what) VALUES (NEW.name); RETURN NEW; END $$;
CREATE TRIGGER log_change AFTER INSERT OR UPDATE ON audited FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON touched FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_notify('items', NEW.id::text); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER UPDATE ON notified FOR EACH ROW EXECUTE FUNCTION tell();
CREATE FUNCTION anything() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN EXECUTE 'DELETE FROM ' || TG_ARGV[0]; RETURN NULL; END $$;
CREATE TRIGGER anything AFTER UPDATE ON dynamic FOR EACH ROW EXECUTE FUNCTION anything('logs');
CREATE FUNCTION price_of(wanted int) RETURNS int LANGUAGE sql STABLE AS 'SELECT price FROM items WHERE id = wanted';
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION rename_item(wanted int, new_name text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN UPDATE items SET name = new_name WHERE id = wanted; END $$;
CREATE FUNCTION run(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE t; END $$;
`;
