"""Generation fence: a fill that was read before a commit cannot land after the invalidation.

Beside each key stands its generation, a random value that every invalidation replaces. A reader takes the generation
before it reads the database, and its fill is refused when the generation is another one by then.
`store` is a redis.Redis with decode_responses=True, `connection` a psycopg connection in autocommit mode.
"""

import json
import uuid

VALUE_SECONDS = 60
# Longer than any fill can be under way, which statement and socket timeouts bound.
GENERATION_SECONDS = 600

# Comparing and setting must be one step: between two commands an invalidation could pass.
FILL = """
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


def product_key(product_id):
    return f"product:{product_id}"


def generation_key(key):
    return f"gen:{key}"


def look_up(store, key):
    """Cached text (None: a miss) and generation. The generation must be known before the database is read."""
    text, generation = store.mget(key, generation_key(key))
    return text, generation or ""


def fill(store, key, generation, text, seconds=VALUE_SECONDS):
    """Whether the value was kept. A refused fill needs no repetition: the next reader fills."""
    return store.eval(FILL, 2, key, generation_key(key), generation, text, seconds) == 1


def invalidate(store, *keys):
    """Call it after COMMIT. Safe to repeat."""
    with store.pipeline(transaction=True) as pipe:
        for key in keys:
            # Random, not counted: a counter that expired begins again, and could meet a late fill's number.
            pipe.set(generation_key(key), str(uuid.uuid4()), ex=GENERATION_SECONDS)
        pipe.delete(*keys)
        pipe.execute()


def load_product(connection, product_id):
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    return None if row is None else dict(zip(("id", "name", "price"), row))


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
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    # An error from here on means: changed, but the old value may be served until its TTL. Repeating the write is safe.
    invalidate(store, product_key(product_id))
