"""Versioned key: the generation is a part of the key's name.

A writer does not remove the value, it changes the name that readers ask for. A fill that was read before the commit goes
to the old name, which nobody asks for any more; its TTL removes it. One version can stand for many keys.
`store` is a redis.Redis with decode_responses=True, `connection` a psycopg connection in autocommit mode.
"""

import json
import uuid

# Old names are never removed, so this is also how long they take up memory.
VALUE_SECONDS = 60
VERSION_SECONDS = 3_600


def version_key(product_id):
    return f"product:{product_id}:version"


def value_key(product_id, version):
    return f"product:{product_id}:v:{version}"


def current_version(store, product_id):
    """Must be known before the database is read."""
    version = store.get(version_key(product_id))
    if version is not None:
        return version
    # Expired or evicted. A name must never come back, hence random: a count would begin again and meet old values.
    fresh = str(uuid.uuid4())
    if store.set(version_key(product_id), fresh, nx=True, ex=VERSION_SECONDS):
        return fresh
    return store.get(version_key(product_id)) or fresh


def read_product(store, connection, product_id):
    key = value_key(product_id, current_version(store, product_id))
    text = store.get(key)
    if text is not None:
        return json.loads(text)
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    if row is None:
        return None
    product = dict(zip(("id", "name", "price"), row))
    store.set(key, json.dumps(product), ex=VALUE_SECONDS)
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    # After COMMIT: under a name that is known earlier, a reader could keep the old row. An error here means: changed,
    # but the old value may be served until its TTL. Repeating the write is safe.
    store.set(version_key(product_id), str(uuid.uuid4()), ex=VERSION_SECONDS)
