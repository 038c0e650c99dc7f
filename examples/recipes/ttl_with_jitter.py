"""TTL with jitter: every fill ends by itself, and what was filled together does not end together.

The TTL bounds how long a value is wrong that no invalidation reached. Without a part left to chance, keys that were filled
in one moment (a deployment, a flushed cache) are missed in one moment again, every time.
`store` and `connection` as in generation_fence.py, whose fill refuses late values.
"""

import json
import random

from generation_fence import fill, invalidate, load_product, look_up, product_key

VALUE_SECONDS = 60
# Share of the TTL that is left to chance.
JITTER = 0.2


def jittered(seconds):
    """Whole seconds around `seconds`, never 0, which Redis refuses."""
    return max(1, round(seconds * (1 - JITTER / 2 + random.random() * JITTER)))


def read_product(store, connection, product_id):
    key = product_key(product_id)
    text, generation = look_up(store, key)
    if text is not None:
        return json.loads(text)
    product = load_product(connection, product_id)
    if product is not None:
        fill(store, key, generation, json.dumps(product), jittered(VALUE_SECONDS))
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    # The TTL is the second line: a change that can be told is told. In place of a rewrite, which could drop the TTL.
    invalidate(store, product_key(product_id))
