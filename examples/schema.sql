-- The shop's tables. Both services create them at start; running this twice changes nothing.

CREATE TABLE IF NOT EXISTS categories (
  id   integer PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE IF NOT EXISTS items (
  id          integer PRIMARY KEY,
  category_id integer NOT NULL REFERENCES categories (id),
  name        text NOT NULL,
  price       numeric(10, 2) NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS items_category ON items (category_id);

CREATE TABLE IF NOT EXISTS price_history (
  id         bigserial PRIMARY KEY,
  item_id    integer NOT NULL REFERENCES items (id),
  price      numeric(10, 2) NOT NULL,
  changed_by integer,
  changed_at timestamptz NOT NULL DEFAULT now()
);

-- Read by the process that tells subscribers about new prices.
CREATE TABLE IF NOT EXISTS outbox (
  id    bigserial PRIMARY KEY,
  topic text NOT NULL,
  body  jsonb NOT NULL
);

-- Written by another system; the shop only reads it.
CREATE TABLE IF NOT EXISTS reviews (
  id      integer PRIMARY KEY,
  item_id integer NOT NULL,
  rating  integer NOT NULL
);

CREATE TABLE IF NOT EXISTS stock (
  item_id   integer PRIMARY KEY REFERENCES items (id),
  quantity  integer NOT NULL CHECK (quantity >= 0),
  warehouse text NOT NULL
);

CREATE TABLE IF NOT EXISTS stock_movements (
  id       bigserial PRIMARY KEY,
  item_id  integer NOT NULL,
  quantity integer NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS users (
  id        integer PRIMARY KEY,
  slug      text NOT NULL UNIQUE,
  name      text NOT NULL,
  city      text NOT NULL,
  last_seen timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00'
);

CREATE TABLE IF NOT EXISTS tokens (
  token     text PRIMARY KEY,
  user_id   integer REFERENCES users (id),
  can_write boolean NOT NULL
);

CREATE TABLE IF NOT EXISTS orders (
  id         bigserial PRIMARY KEY,
  user_id    integer NOT NULL REFERENCES users (id),
  item_id    integer NOT NULL REFERENCES items (id),
  quantity   integer NOT NULL,
  total      numeric(12, 2) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
