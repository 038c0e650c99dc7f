"""Single flight: of all processes that miss a key, one asks the database, and the others wait for its value.

The lock has a lifetime, so that a process that dies holding it blocks nobody for long, and a token, so that one that held
it too long does not release the next one's. The lock saves work and guards nothing: late fills are refused by the fence.
`store` and `connection` as in generation_fence.py.
"""

import json
import time
import uuid

from generation_fence import fill, invalidate, load_product, look_up, product_key

# Longer than the query takes as a rule.
LOCK_MS = 5_000
WAITS = 100
WAIT_SECONDS = 0.02

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


def read_product(store, connection, product_id):
    key = product_key(product_id)
    text, _ = look_up(store, key)
    if text is not None:
        return json.loads(text)
    lock, token = f"lock:{key}", str(uuid.uuid4())
    for _ in range(WAITS):
        held = store.set(lock, token, nx=True, px=LOCK_MS)
        try:
            # Again under the lock: its last holder may have filled the key just before it let go.
            text, generation = look_up(store, key)
            if text is not None:
                return json.loads(text)
            if held:
                return load_and_fill(store, connection, product_id, generation)
        finally:
            if held:
                store.eval(RELEASE, 1, lock, token)
        time.sleep(WAIT_SECONDS)
    # The holder is slow or gone: better one query more than no answer.
    return load_product(connection, product_id)


def load_and_fill(store, connection, product_id, generation):
    product = load_product(connection, product_id)
    if product is not None:
        fill(store, product_key(product_id), generation, json.dumps(product))
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    # The lock stays: who holds it finds its fill refused, and the next reader takes the lock after it.
    invalidate(store, product_key(product_id))
