"""A small service around one way to keep products in a cache, for whystale race.

    DATABASE_URL=postgres://… REDIS_URL=redis://… PORT=8080 STRATEGY=lease python3 service.py

STRATEGY is one of strategies.py, or a recipe: lease, generation-fence, versioned-key, tombstone, …
"""

import importlib
import logging
import os
import queue
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from strategies import STRATEGIES

CONNECTIONS = 8
# Of statements and of Redis calls. Recipes state what they expect of it.
TIMEOUT_SECONDS = 2
RELAY_TRIES = 3


def strategy_named(name):
    if name in STRATEGIES:
        return STRATEGIES[name]
    recipes = Path(__file__).resolve().parent.parent / "recipes"
    module = name.replace("-", "_")
    if not (recipes / f"{module}.py").is_file():
        raise SystemExit(f'STRATEGY: "{name}" is none of {", ".join(STRATEGIES)}, and no recipe')
    sys.path.insert(0, str(recipes))
    return importlib.import_module(module)


class Pool:
    """Connections are opened when first needed; one that broke is replaced."""

    def __init__(self, url):
        self._url = url
        self._idle = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(None)

    @contextmanager
    def connection(self):
        connection = self._idle.get()
        try:
            if connection is None:
                options = f"-c statement_timeout={TIMEOUT_SECONDS * 1000}"
                connection = psycopg.connect(self._url, autocommit=True, options=options)
            yield connection
        finally:
            usable = connection is not None and not connection.closed
            self._idle.put(connection if usable else None)


strategy = strategy_named(os.environ.get("STRATEGY", "delete-after-commit"))
pool = Pool(os.environ["DATABASE_URL"])
store = redis.Redis.from_url(
    os.environ["REDIS_URL"],
    decode_responses=True,
    socket_timeout=TIMEOUT_SECONDS,
    socket_connect_timeout=TIMEOUT_SECONDS,
)
app = FastAPI(title="products")


class PriceChange(BaseModel):
    price: int = Field(ge=0)


@app.get("/healthz")
def health():
    with pool.connection() as connection:
        connection.execute("SELECT 1")
    store.ping()
    return {"ok": True}


@app.get("/products/{product_id}")
def show(product_id: int):
    with pool.connection() as connection:
        product = strategy.read_product(store, connection, product_id)
    if product is None:
        raise HTTPException(404, f"no product {product_id}")
    return product


@app.put("/products/{product_id}")
def change(product_id: int, body: PriceChange):
    try:
        with pool.connection() as connection:
            strategy.change_price(store, connection, product_id, body.price)
    finally:
        relay_pending()
    return {"id": product_id, "price": body.price}


def relay_pending():
    """The relay of an outbox: woken by every change, and when the service starts; what fails is tried again."""
    if not hasattr(strategy, "relay_once"):
        return
    for _ in range(RELAY_TRIES):
        try:
            with pool.connection() as connection:
                while strategy.relay_once(store, connection) > 0:
                    pass
            return
        except (redis.RedisError, psycopg.Error) as error:
            logging.warning("the relay tries again: %s", error)


if __name__ == "__main__":
    relay_pending()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), log_level="warning")
