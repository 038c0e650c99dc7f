"""Members of a club: JSON under v3|user|N, psycopg 3 and redis-py. Writers write the new row through to the cache.

A script stores a value only if its version is newer than the stored one, so that the order of writers does not matter.
BUG: in-transaction, last-writer-wins, password-hash, token-in-key, no-permission, read-only, negative.
"""

import json
import os
import time
from base64 import b64encode
from hashlib import pbkdf2_hmac
from threading import Barrier

import psycopg
import redis
from driving import drive
from psycopg.rows import dict_row

PACE = float(os.environ.get("PACE", "1"))  # all pauses are this much longer: on a busy machine races need more time
BUG = os.environ.get("BUG", "")
READERS, WRITERS = int(os.environ.get("READERS", "1")), int(os.environ.get("WRITERS", "0"))
TURNS = int(os.environ.get("TURNS", "20"))
COLUMNS = "id, name, email, version" + (", password_hash" if BUG == "password-hash" else "")
HASH = "pbkdf2_sha256$1000$kq2Yc1o0W2sJ$" + b64encode(pbkdf2_hmac("sha256", b"old", b"kq2Yc1o0W2sJ", 1000)).decode()
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMiIsIm5hbWUiOiJBZGEifQ.qN1yv6e0v4n2m0Jp3rXk7s5t9u1w2x3y4z5A6B7C8D9"

admin = cache = redis.Redis.from_url(os.environ["REDIS_URL"])
store_newer = cache.register_script(
    """local old = redis.call('get', KEYS[1])
    if old and cjson.decode(old).version >= tonumber(ARGV[1]) then return 0 end
    redis.call('set', KEYS[1], ARGV[2], 'EX', 300) return 1"""
)


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row, autocommit=True)


def key(id):
    return f"v3|user|{id}"


def store(row):
    text = json.dumps(row, default=str)
    if BUG in ("last-writer-wins", "in-transaction"):
        cache.set(key(row["id"]), text, ex=300)
    else:
        store_newer(keys=[key(row["id"])], args=[row["version"], text])


def member(source, id):
    stored = cache.get(key(id))
    if stored is not None:
        return json.loads(stored)
    row = source.execute(f"SELECT {COLUMNS} FROM member WHERE id = %s", (id,)).fetchone()
    store(row)
    return row


def rename(source, id, name, fails=False, slow=0.0):
    """Changes a name; an audit row without its member makes the transaction fail."""
    try:
        with source.transaction():
            row = source.execute(
                f"UPDATE member SET name = %s, version = version + 1 WHERE id = %s RETURNING {COLUMNS}", (name, id)
            ).fetchone()
            if BUG == "in-transaction":
                store(row)
            source.execute("INSERT INTO audit (member_id) VALUES (%s)", (None if fails else id,))
    except psycopg.errors.NotNullViolation:
        return
    time.sleep(PACE * slow)
    if BUG in ("no-permission", "read-only"):
        forget(id)
    elif BUG != "in-transaction":
        store(row)


def forget(id):
    try:
        cache.delete(key(id))
    except redis.exceptions.RedisError:
        pass  # the cache is a helper: its failure must not fail the request


def handle(source, name):
    stored = cache.get(f"v3|handle|{name}")
    if stored is not None:
        return json.loads(stored)
    row = source.execute("SELECT id, handle, email FROM member WHERE handle = %s", (name,)).fetchone()
    cache.set(f"v3|handle|{name}", json.dumps(row), ex=300)
    return row


def sign_up(source, name):
    source.execute("INSERT INTO member (name, handle, email) VALUES (%s, %s, %s)", (name, name, f"{name}@club.test"))
    if BUG != "negative":
        cache.delete(f"v3|handle|{name}")


def one_after_another(random):
    with connect() as source:
        for id in (11, 12, 13, 14):
            member(source, id), member(source, id)
            rename(source, id, f"Renamed {random.randint(1000, 99999)}", fails=id % 2 == 0)
            member(source, id), member(source, id)
        if BUG == "no-permission":
            return
        for name in (f"kay{random.randint(1000, 99999)}", f"lou{random.randint(1000, 99999)}"):
            handle(source, name), sign_up(source, name)
            handle(source, name), handle(source, name)
        if BUG == "token-in-key":
            row = source.execute("SELECT id, name, email FROM member WHERE id = 12").fetchone()
            cache.set(f"login|{TOKEN}", json.dumps(row), ex=300)
            cache.get(f"login|{TOKEN}")


def reader(random):
    with connect() as source:
        for _ in range(TURNS):
            member(source, random.randint(11, 14))
            time.sleep(PACE * 0.015 * random.random())


def writer(random):
    """Two members of staff correct the same entry at the same moment; one of them is slow to store."""
    with connect() as source:
        for turn in range(TURNS // 3):
            staff = together.wait()
            rename(source, 11 + turn % 3, f"Named {random.randint(1000, 99999)}", slow=0.012 * staff)
            time.sleep(PACE * 0.03)


together = Barrier(max(WRITERS, 1))
with connect() as source:
    source.execute(
        "CREATE TABLE member (id serial PRIMARY KEY, name text, handle text UNIQUE, email text,"
        " password_hash text, version int NOT NULL DEFAULT 1)"
    )
    source.execute("CREATE TABLE audit (at timestamptz DEFAULT now(), member_id int NOT NULL)")
    for id in range(11, 15):
        source.execute(
            "INSERT INTO member VALUES (%s, %s, %s, %s, %s)", (id, f"Member {id}", f"m{id}", f"m{id}@club.test", HASH)
        )
if BUG == "no-permission":
    admin.execute_command("ACL", "SETUSER", "club", "on", ">club-pass", "~*", "&*", "+@all", "-del", "-unlink")
    cache = redis.Redis(**{**admin.connection_pool.connection_kwargs, "username": "club", "password": "club-pass"})
    store_newer = cache.register_script(store_newer.script)
if BUG == "read-only":
    with connect() as source:
        for id in (11, 12, 13):
            member(source, id)
        admin.execute_command("REPLICAOF", "127.0.0.1", "9")  # a failover under way: the old primary takes no writes
        for id in (11, 12, 13):
            rename(source, id, f"Renamed {id * 1234}")
            member(source, id)
        admin.execute_command("REPLICAOF", "NO", "ONE")
        for id in (11, 12, 13):
            member(source, id), member(source, id)
elif WRITERS == 0:
    drive((1, 2, one_after_another))
else:
    drive((READERS, 1, reader), (WRITERS, 1, writer))
