"""Tombstone: in place of a removal the writer leaves a short-lived mark that no fill overwrites.

While the mark stands, readers ask the database and keep nothing. It is set before the change, so that a writer that dies
after COMMIT leaves no old value behind, and again after COMMIT, so that fills from before it find the mark.
`store` is a redis.Redis with decode_responses=True and a socket timeout, `connection` a psycopg connection in autocommit
mode with a statement timeout.
"""

import json
import time

VALUE_SECONDS = 60
# No JSON document reads like this.
MARK = "tombstone"
# A fill that is later than this is not sent.
FILL_LIMIT_SECONDS = 2
# Longer than the fill limit, the socket timeout of a fill and the lag of a replica, if one is read, together.
MARK_SECONDS = 5


def product_key(product_id):
    return f"product:{product_id}"


def read_product(store, connection, product_id):
    started = time.monotonic()
    text = store.get(product_key(product_id))
    if text is not None and text != MARK:
        return json.loads(text)
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    if row is None:
        return None
    product = dict(zip(("id", "name", "price"), row))
    if text != MARK and time.monotonic() - started < FILL_LIMIT_SECONDS:
        # NX: neither a mark nor another reader's value is overwritten.
        store.set(product_key(product_id), json.dumps(product), nx=True, ex=VALUE_SECONDS)
    return product


def change_price(store, connection, product_id, price):
    # An error here changes nothing. The transaction must end while this mark stands, or dying after COMMIT is not covered.
    store.set(product_key(product_id), MARK, ex=MARK_SECONDS)
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    # The clock starts again at COMMIT. An error here means: changed. Repeating the write is safe.
    store.set(product_key(product_id), MARK, ex=MARK_SECONDS)
