"""A catalogue: items as pickles under item-N, read and written with the SQLAlchemy ORM.

Fills are fenced: a script stores the value only if the item's generation is what it was before the row was read.
BUG: rename-forgets, plural-key, before-commit, no-fence, never-removes, no-ttl.
"""

import os
import pickle
import time

import redis
from driving import drive
from sqlalchemy import Column, Integer, Numeric, String, create_engine
from sqlalchemy.orm import Session, declarative_base

PACE = float(os.environ.get("PACE", "1"))  # all pauses are this much longer: on a busy machine races need more time
BUG = os.environ.get("BUG", "")
READERS, WRITERS = int(os.environ.get("READERS", "4")), int(os.environ.get("WRITERS", "2"))
ITEMS = range(1, 6)
TTL = 60

cache = redis.Redis.from_url(os.environ["REDIS_URL"])
engine = create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"), pool_size=READERS + WRITERS)
Base = declarative_base()
fill_fenced = cache.register_script(
    "if (redis.call('get', KEYS[2]) or '0') == ARGV[1] then return redis.call('setex', KEYS[1], ARGV[2], ARGV[3]) end"
)


class Item(Base):
    __tablename__ = "item"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    price = Column(Numeric(10, 2))


def load(id):
    with Session(engine) as session:
        item = session.get(Item, id)
        return {"id": item.id, "name": item.name, "price": item.price}


def read(random):
    id = random.choice(ITEMS)
    stored = cache.get(f"item-{id}")
    if stored is not None:
        time.sleep(PACE * 0.004 * random.random())
        return pickle.loads(stored)
    generation = cache.get(f"gen-{id}") or b"0"
    item = load(id)
    if BUG in ("", "no-fence"):
        time.sleep(PACE * 0.008 * random.random())
    if BUG == "no-fence":
        cache.setex(f"item-{id}", TTL, pickle.dumps(item))
    elif BUG == "no-ttl":
        cache.set(f"item-{id}", pickle.dumps(item))
    else:
        fill_fenced(keys=[f"item-{id}", f"gen-{id}"], args=[generation, TTL, pickle.dumps(item)])
    return item


def forget(id):
    with cache.pipeline() as pipe:
        pipe.incr(f"gen-{id}").delete(f"item-{id}").execute()


def reprice(id, price):
    with Session(engine) as session, session.begin():
        session.get(Item, id).price = price
        if BUG == "before-commit":
            session.flush()
            forget(id)
            time.sleep(PACE * 0.012)
    if BUG == "plural-key":
        cache.delete(f"items-{id}")
    elif BUG not in ("before-commit", "never-removes", "no-ttl"):
        forget(id)


def rename(id, name):
    with Session(engine) as session, session.begin():
        session.get(Item, id).name = name
    if BUG != "rename-forgets":
        forget(id)


def write(random):
    time.sleep(PACE * (0.01 + 0.02 * random.random()))
    id = random.choice(ITEMS)
    # Prices are often corrected right after they were set.
    for _ in range(2):
        reprice(id, random.randint(10_000, 999_999) / 100)
        time.sleep(PACE * 0.003)
    if BUG in ("", "rename-forgets"):
        rename(id, f"Lamp renamed {random.randint(1000, 99999)}")


Base.metadata.create_all(engine)
with Session(engine) as session, session.begin():
    session.add_all([Item(id=id, name=f"Lamp model {id}", price=100 + id) for id in ITEMS])
drive((READERS, int(os.environ.get("TURNS", "20")), read), (WRITERS, 4, write))
