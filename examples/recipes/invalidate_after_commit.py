"""Invalidate after the commit: no reader can cache a row again that is about to change.

Before COMMIT other sessions still see the old row. A key that is removed earlier can be filled with that row, and nothing
removes it afterwards. `store` and `connection` as in generation_fence.py, whose fill refuses late values.
"""

import json
import time

import redis

from generation_fence import fill, invalidate, load_product, look_up, product_key

REMOVAL_TRIES = 3
BETWEEN_TRIES_SECONDS = 0.05


def read_product(store, connection, product_id):
    key = product_key(product_id)
    text, generation = look_up(store, key)
    if text is not None:
        return json.loads(text)
    product = load_product(connection, product_id)
    if product is not None:
        fill(store, key, generation, json.dumps(product))
    return product


def change_price(store, connection, product_id, price):
    try:
        with connection.transaction():
            connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    finally:
        # Behind the block, so COMMIT is over. Before the answer, so that the caller reads its own write. After an error, too:
        # a COMMIT whose reply was lost may stand.
        remove(store, product_key(product_id))


def remove(store, *keys):
    """Removing twice does no harm, so a lost reply is a reason to try again. The last error is the caller's."""
    for left in reversed(range(REMOVAL_TRIES)):
        try:
            return invalidate(store, *keys)
        except redis.RedisError:
            if left == 0:
                raise
            time.sleep(BETWEEN_TRIES_SECONDS)
