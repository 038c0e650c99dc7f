"""Reports of a shop: base64 of gzipped JSON under report:SHA1-of-the-parameters, found again by a tag of each customer.

A report is put into the index of its tags before its rows are read, and stored only if the tag's version stood still.
BUG: ttl-only, tag-forgotten, total-forgotten, clears-all, no-ttl, refresh-loses-ttl, never-read, stampede.
"""

import base64
import gzip
import hashlib
import json
import os
import time

import psycopg2
import redis
from driving import drive
from psycopg2.extras import RealDictCursor
from psycopg2.pool import ThreadedConnectionPool

BUG = os.environ.get("BUG", "")
READERS, WRITERS = int(os.environ.get("READERS", "1")), int(os.environ.get("WRITERS", "0"))
CUSTOMERS, STATES = range(501, 505), ("open", "paid", "sent")
TTL = 90

cache = redis.Redis.from_url(os.environ["REDIS_URL"])
pool = ThreadedConnectionPool(1, 40, os.environ["DATABASE_URL"])
store = cache.register_script(
    "if (redis.call('get', KEYS[2]) or '') == ARGV[1] then redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3]) end"
)


def query(statement, values=()):
    source = pool.getconn()
    try:
        with source, source.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement, values)
            return [dict(row) for row in cursor] if cursor.description else []
    finally:
        pool.putconn(source)


def pack(value):
    return base64.b64encode(gzip.compress(json.dumps(value, default=str).encode(), mtime=0))


def unpack(text):
    return json.loads(gzip.decompress(base64.b64decode(text)))


def cached(key, tag, make):
    stored = cache.get(key)
    if stored is not None:
        return unpack(stored)
    version = cache.get(f"tagver:{tag}") or b""
    if BUG != "tag-forgotten" or not key.endswith(("0", "1", "2", "3", "4", "5", "6", "7")):
        cache.sadd(f"tag:{tag}", key)
    value = make()
    if BUG == "no-ttl":
        cache.set(key, pack(value))
    elif BUG == "refresh-loses-ttl":
        cache.set(key, pack(value), ex=TTL)
    else:
        store(keys=[key, f"tagver:{tag}"], args=[version, pack(value), TTL])
    return value


def report(customer, state):
    parameters = json.dumps({"customer": customer, "state": state}, sort_keys=True)
    return cached(
        f"report:{hashlib.sha1(parameters.encode()).hexdigest()}",
        customer,
        lambda: query(
            "SELECT id, note, amount FROM orders WHERE customer = %s AND state = %s ORDER BY id", (customer, state)
        ),
    )


def total(customer):
    return cached(
        f"total:{customer}", customer, lambda: query("SELECT sum(amount) FROM orders WHERE customer = %s", (customer,))
    )


def home():
    stored = cache.get("home.top")
    if stored is not None:
        return unpack(stored)
    value = query("SELECT id, note, amount, pg_sleep(0.04)::text AS nap FROM orders ORDER BY amount DESC LIMIT 3")
    cache.set("home.top", pack(value), ex=TTL)


def change(customer, statement, values):
    query(statement, values)
    if BUG in ("ttl-only", "no-ttl"):
        return
    if BUG == "clears-all":
        cache.unlink(*cache.scan_iter("report:*", count=1000), *cache.scan_iter("total:*", count=1000))
        return
    cache.incr(f"tagver:{customer}")
    keys = cache.smembers(f"tag:{customer}")
    if BUG == "total-forgotten":
        keys = [key for key in keys if not key.startswith(b"total")]
    if keys:
        cache.delete(*keys)
    if BUG == "never-read":
        cache.set(f"audit.last.{customer}", pack(query("SELECT * FROM orders WHERE customer = %s", (customer,))), ex=TTL)


def bill(order, amount):
    customer, state = 501 + order % 4, STATES[order % 3]
    change(customer, "UPDATE orders SET amount = %s WHERE id = %s", (amount, order))
    return customer, state


def refresh(customer):
    """A job that keeps totals warm."""
    value = pack(query("SELECT sum(amount) FROM orders WHERE customer = %s", (customer,)))
    cache.set(f"total:{customer}", value) if BUG == "refresh-loses-ttl" else cache.set(f"total:{customer}", value, ex=TTL)


def one_after_another(random):
    for customer in [*CUSTOMERS, *CUSTOMERS]:
        total(customer)
        for state in STATES:
            report(customer, state)
    for _ in range(3 if BUG != "never-read" else 12):
        customer, state = bill(random.randint(1, 24), random.randint(10_000, 99_999))
        report(customer, state), total(customer)
        report(customer, state), total(customer)
    if BUG in ("refresh-loses-ttl", "never-read"):
        refresh(random.choice(CUSTOMERS))


def reader(random):
    customer = random.choice(CUSTOMERS)
    total(customer) if random.random() < 0.4 else report(customer, random.choice(STATES))
    time.sleep(0.006 * random.random())


def writer(random):
    bill(random.randint(1, 24), random.randint(10_000, 99_999))
    time.sleep(0.02 * random.random())


query("CREATE TABLE orders (id int PRIMARY KEY, customer int, state text, note text, amount int)")
for order in range(1, 25):
    row = (order, 501 + order % 4, STATES[order % 3], f"Order note {order}", 1000 + 37 * order)
    query("INSERT INTO orders VALUES (%s, %s, %s, %s, %s)", row)
if BUG == "stampede":
    for _ in range(2):
        drive((12, 1, lambda _: home()))
        cache.delete("home.top")
elif WRITERS == 0:
    drive((1, int(os.environ.get("TURNS", "2")), one_after_another))
else:
    drive((READERS, int(os.environ.get("TURNS", "7")), reader), (WRITERS, 4, writer))
