CREATE TABLE IF NOT EXISTS shows (id int PRIMARY KEY, title text NOT NULL, seats int NOT NULL, venue int NOT NULL);
CREATE TABLE IF NOT EXISTS venues (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO venues VALUES (1, 'Old hall'), (2, 'Garden') ON CONFLICT DO NOTHING;
INSERT INTO shows SELECT n, 'Show ' || n, 100, 1 + n % 2 FROM generate_series(1, 3) AS n ON CONFLICT DO NOTHING;
