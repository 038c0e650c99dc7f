"""Transactional outbox: an invalidation that is as durable as the change it belongs to.

The keys are written to a table in the change's own transaction. The writer removes them after COMMIT as usual; a relay
removes what the table names, at least once, and so covers a writer that died and a Redis that was away.
`store` and `connection` as in generation_fence.py, whose fill refuses late values.
"""

import json
import logging

import redis

from generation_fence import fill, invalidate, load_product, look_up, product_key

BATCH = 100
POLL_SECONDS = 0.2


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
    key = product_key(product_id)
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
        connection.execute("INSERT INTO invalidations (key) VALUES (%s)", (key,))
    try:
        invalidate(store, key)
    except redis.RedisError as error:
        # Not the caller's concern: the change stands, and the relay removes the key.
        logging.warning("%s is left to the relay: %s", key, error)


def relay_once(store, connection):
    """Removes pending keys and says how many rows that were."""
    with connection.transaction():
        # SKIP LOCKED: several relays share the work.
        rows = connection.execute(
            "SELECT id, key FROM invalidations ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED", (BATCH,)
        ).fetchall()
        if rows:
            # First the keys, then the rows: dying in between repeats a removal instead of losing one.
            invalidate(store, *{key for _, key in rows})
            connection.execute("DELETE FROM invalidations WHERE id = ANY(%s)", ([row_id for row_id, _ in rows],))
    return len(rows)


def relay(store, connection, stopped):
    """Runs until `stopped`, a threading.Event, is set. A lost database connection ends it: have it restarted."""
    while not stopped.is_set():
        try:
            removed = relay_once(store, connection)
        except redis.RedisError as error:
            logging.warning("the relay tries again: %s", error)
            removed = 0
        if removed < BATCH:
            stopped.wait(POLL_SECONDS)
