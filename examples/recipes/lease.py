"""Lease: who misses takes a token, and a fill counts only while that token stands.

A removal takes the token away together with the value, so a fill that was read before the commit is refused afterwards.
While one reader holds the lease the others wait for its value, so one miss is one query.
`store` is a redis.Redis with decode_responses=True, `connection` a psycopg connection in autocommit mode.
"""

import json
import time
import uuid

VALUE_SECONDS = 60
# When it ends early the fill is refused, so this is no matter of correctness: it bounds how long a dead holder is awaited.
LEASE_MS = 3_000
WAITS = 50
WAIT_SECONDS = 0.02

# Comparing and setting must be one step: between two commands a removal could pass.
FILL = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""


def product_key(product_id):
    return f"product:{product_id}"


def lease_key(key):
    return f"lease:{key}"


def load_product(connection, product_id):
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    return None if row is None else dict(zip(("id", "name", "price"), row))


def read_product(store, connection, product_id):
    key = product_key(product_id)
    for _ in range(WAITS):
        text = store.get(key)
        if text is not None:
            return json.loads(text)
        token = str(uuid.uuid4())
        # The lease must be held before the database is read.
        if store.set(lease_key(key), token, nx=True, px=LEASE_MS):
            return load_under_lease(store, connection, product_id, token)
        time.sleep(WAIT_SECONDS)
    # The holder is slow or gone. An answer without a fill is right too; it only costs a query.
    return load_product(connection, product_id)


def load_under_lease(store, connection, product_id, token):
    key = product_key(product_id)
    # Again under the lease: its last holder may have filled the key just before it gave the lease back.
    text = store.get(key)
    product = load_product(connection, product_id) if text is None else json.loads(text)
    if text is None and product is not None:
        store.eval(FILL, 2, key, lease_key(key), token, json.dumps(product), VALUE_SECONDS)
    else:
        # Nothing to keep. Taking a lease away is always safe, be it another's: at worst a fill is refused.
        store.delete(lease_key(key))
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    key = product_key(product_id)
    # One command, so that no fill passes between the value and its lease. An error here means: changed, but the old
    # value may be served until its TTL. Repeating the write is safe.
    store.delete(key, lease_key(key))
