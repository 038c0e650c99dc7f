"""Ways to keep products in a cache that leave something open. Each is a read path and a write path, as in the recipes.

`store` is a redis.Redis with decode_responses=True, `connection` a psycopg connection in autocommit mode.
"""

import json
from types import SimpleNamespace

VALUE_SECONDS = 60


def product_key(product_id):
    return f"product:{product_id}"


def load_product(connection, product_id):
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    return None if row is None else dict(zip(("id", "name", "price"), row))


def read_aside(store, connection, product_id):
    """From the cache, else from the database, and kept without a look at what happened meanwhile."""
    key = product_key(product_id)
    text = store.get(key)
    if text is not None:
        return json.loads(text)
    product = load_product(connection, product_id)
    if product is not None:
        store.set(key, json.dumps(product), ex=VALUE_SECONDS)
    return product


def update_price(connection, product_id, price):
    return connection.execute(
        "UPDATE products SET price = %s WHERE id = %s RETURNING id, name, price", (price, product_id)
    ).fetchone()


def delete_after_commit(store, connection, product_id, price):
    with connection.transaction():
        update_price(connection, product_id, price)
    store.delete(product_key(product_id))


def delete_before_commit(store, connection, product_id, price):
    with connection.transaction():
        update_price(connection, product_id, price)
        store.delete(product_key(product_id))


def missing_delete(store, connection, product_id, price):
    with connection.transaction():
        update_price(connection, product_id, price)


def wrong_key(store, connection, product_id, price):
    with connection.transaction():
        update_price(connection, product_id, price)
    store.delete(f"products:{product_id}")


def write_through(store, connection, product_id, price):
    with connection.transaction():
        row = update_price(connection, product_id, price)
    if row is not None:
        product = dict(zip(("id", "name", "price"), row))
        store.set(product_key(product_id), json.dumps(product), ex=VALUE_SECONDS)


# A value is kept only over one that is older. Without a version in the cache, any is kept.
KEEP_NEWER = """
local kept = redis.call('HGET', KEYS[1], 'version')
if kept and tonumber(kept) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'text', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


def keep_newer(store, row):
    version, *columns = row
    text = json.dumps(dict(zip(("id", "name", "price"), columns)))
    store.eval(KEEP_NEWER, 1, product_key(columns[0]), version, text, VALUE_SECONDS)
    return json.loads(text)


def read_versioned(store, connection, product_id):
    text = store.hget(product_key(product_id), "text")
    if text is not None:
        return json.loads(text)
    row = connection.execute(
        "SELECT version, id, name, price FROM products WHERE id = %s", (product_id,)
    ).fetchone()
    return None if row is None else keep_newer(store, row)


def version_compare(store, connection, product_id, price):
    with connection.transaction():
        row = connection.execute(
            "UPDATE products SET price = %s, version = version + 1 WHERE id = %s RETURNING version, id, name, price",
            (price, product_id),
        ).fetchone()
    # Who dies here leaves the old version in the cache, and nothing compares it with the database.
    if row is not None:
        keep_newer(store, row)


def strategy(read_product, change_price):
    return SimpleNamespace(read_product=read_product, change_price=change_price)


STRATEGIES = {
    "delete-after-commit": strategy(read_aside, delete_after_commit),
    "delete-before-commit": strategy(read_aside, delete_before_commit),
    "missing-delete": strategy(read_aside, missing_delete),
    "wrong-key": strategy(read_aside, wrong_key),
    "write-through": strategy(read_aside, write_through),
    "version-compare": strategy(read_versioned, version_compare),
}
