"""Runs one recipe by itself. It is no part of the recipes.

    export DATABASE_URL=postgres://… REDIS_URL=redis://…
    python3 run.py lease.py read 1
    python3 run.py lease.py write 1 250
    python3 run.py transactional_outbox.py relay
    python3 run.py lease.py

The last reads calls from standard input, `TAG read ID` or `TAG write ID PRICE` a line, and runs them at the same time. Each
is answered by `TAG PRICE`, `TAG none` (no such product), `TAG done` or `TAG error …`.
"""

import importlib.util
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import redis

AT_ONCE = 28
# Of statements and of Redis calls. Recipes state what they expect of it.
TIMEOUT_SECONDS = float(os.environ.get("RECIPE_TIMEOUT_SECONDS", 2))


def recipe_at(path):
    spec = importlib.util.spec_from_file_location("recipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def connect():
    return psycopg.connect(
        os.environ["DATABASE_URL"],
        autocommit=True,
        # Every statement travels with its text, which makes the wire readable for tests.
        prepare_threshold=None,
        options=f"-c statement_timeout={TIMEOUT_SECONDS * 1000:.0f}",
    )


class Calls:
    """Runs calls, each thread on a database connection of its own."""

    def __init__(self, recipe, store):
        self._recipe = recipe
        self._store = store
        self._thread = threading.local()
        self._printing = threading.Lock()

    def run(self, call, product_id, price=None):
        if not hasattr(self._thread, "connection") or self._thread.connection.closed:
            self._thread.connection = connect()
        if call == "write":
            self._recipe.change_price(self._store, self._thread.connection, int(product_id), int(price))
            return "done"
        product = self._recipe.read_product(self._store, self._thread.connection, int(product_id))
        return "none" if product is None else product["price"]

    def answer(self, tag, *call):
        try:
            result = self.run(*call)
        except Exception as error:
            result = f"error {type(error).__name__}: {str(error).splitlines()[:1]}"
        with self._printing:
            print(tag, result, flush=True)


def main():
    path, *call = sys.argv[1:]
    recipe = recipe_at(path)
    store = redis.Redis.from_url(
        os.environ["REDIS_URL"],
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
    if call == ["relay"]:
        stopped = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stopped.set())
        return recipe.relay(store, connect(), stopped)
    if call:
        return print(Calls(recipe, store).run(*call))
    calls = Calls(recipe, store)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for line in sys.stdin:
            threads.submit(calls.answer, *line.split())


if __name__ == "__main__":
    main()
