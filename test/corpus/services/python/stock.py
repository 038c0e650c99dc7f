"""Stock of one tenant: items as MessagePack, quantities as Redis hashes, keys with a hash tag; asyncpg and redis.asyncio.

A fill WATCHes the key's generation, so that a writer's INCR in between makes its EXEC fail.
BUG: no-hash-tag, forgets-stock, sale-forgets, no-watch.
"""

import asyncio
import os
from random import Random

import asyncpg
import msgpack
import redis.asyncio
from redis.exceptions import WatchError

PACE = float(os.environ.get("PACE", "1"))  # all pauses are this much longer: on a busy machine races need more time
BUG = os.environ.get("BUG", "")
CLIENTS, TURNS, WRITERS = (int(os.environ.get(name, n)) for name, n in (("CLIENTS", 5), ("TURNS", 14), ("WRITERS", 2)))
SKUS = range(1001, 1006)


def item_key(sku):
    return f"{{tenant7}}:item:{sku}"


def stock_key(sku):
    return f"{{tenant7}}:stock:{sku}"


class Shop:
    def __init__(self, pool, cache):
        self.pool, self.cache = pool, cache

    async def fill(self, sku, statement, store):
        """Reads the row and stores it, unless the item's generation moved meanwhile."""
        async with self.cache.pipeline(transaction=True) as pipe:
            if BUG != "no-watch":
                await pipe.watch(f"{{tenant7}}:gen:{sku}")
                await pipe.get(f"{{tenant7}}:gen:{sku}")
            row = await self.pool.fetchrow(statement, sku)
            if BUG in ("", "no-watch"):
                await asyncio.sleep(PACE * 0.008 * Random().random())
            pipe.multi()
            store(pipe, row)
            try:
                await pipe.execute()
            except WatchError:
                pass

    async def item(self, sku):
        stored = await self.cache.get(item_key(sku))
        if stored is not None:
            return msgpack.unpackb(stored)
        await self.fill(
            sku,
            "SELECT sku_id, label, price_cents, tags FROM skus WHERE sku_id = $1",
            lambda pipe, row: pipe.set(item_key(sku), msgpack.packb(dict(row)), px=60_000),
        )

    async def stock(self, sku):
        stored = await self.cache.hgetall(stock_key(sku))
        if stored:
            return stored
        await self.fill(
            sku,
            "SELECT quantity, price_cents FROM skus WHERE sku_id = $1",
            lambda pipe, row: pipe.hset(stock_key(sku), mapping=dict(row)).expire(stock_key(sku), 60),
        )

    async def forget(self, sku, *keys):
        async with self.cache.pipeline(transaction=True) as pipe:
            await pipe.incr(f"{{tenant7}}:gen:{sku}").unlink(*keys).execute()

    async def reprice(self, sku, cents):
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE skus SET price_cents = $2 WHERE sku_id = $1", sku, cents)
        keys = [item_key(sku), stock_key(sku)]
        if BUG == "no-hash-tag":
            keys[0] = f"tenant7:item:{sku}"
        await self.forget(sku, *(keys[:1] if BUG == "forgets-stock" else keys))

    async def sell(self, sku, left):
        await self.pool.execute("UPDATE skus SET quantity = $2 WHERE sku_id = $1", sku, left)
        if BUG != "sale-forgets":
            await self.forget(sku, stock_key(sku))

    async def reader(self, random):
        for _ in range(TURNS):
            await random.choice([self.item, self.stock])(random.choice(SKUS))
            await asyncio.sleep(PACE * 0.02 * random.random())

    async def writer(self, random):
        for _ in range(4):
            await asyncio.sleep(PACE * (0.01 + 0.02 * random.random()))
            sku = random.choice(SKUS)
            for _ in range(2):
                await self.reprice(sku, random.randint(20_000, 99_999))
                await asyncio.sleep(PACE * 0.003)
            if BUG in ("", "sale-forgets"):
                await asyncio.sleep(PACE * 0.02)
                await self.sell(sku, random.randint(2000, 9000))


async def main():
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=CLIENTS + WRITERS)
    cache = redis.asyncio.from_url(os.environ["REDIS_URL"])
    await pool.execute(
        "CREATE TABLE skus (sku_id bigint PRIMARY KEY, label text, price_cents bigint, quantity int, tags text[])"
    )
    for sku in SKUS:
        row = (sku, f"Sku label {sku}", 9 * sku, 2 * sku, ["new", f"row{sku}"])
        await pool.execute("INSERT INTO skus VALUES ($1, $2, $3, $4, $5)", *row)
    shop = Shop(pool, cache)
    readers = [shop.reader(Random(number)) for number in range(CLIENTS)]
    await asyncio.gather(*readers, *(shop.writer(Random(900 + number)) for number in range(WRITERS)))
    await pool.close()
    await cache.close()


asyncio.run(main())
