"""One computation at a time for one key.

In this process: who comes while a computation runs shares its answer, but only under the same generation. A computation
that began before an invalidation may carry the old value, and must not answer those who came after it.
Between processes (`flight="everywhere"`): a lock key in Redis with a lifetime, taken and returned by a random token.
"""

import threading
import time
import uuid
from concurrent.futures import Future
from typing import Any

import redis

import keys
from forms import Entry

MAX_ROUNDS = 20
LOCK_MS = 12_000
LOCK_POLL_SECONDS = 0.015

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Flight:
    def __init__(self, generation: str) -> None:
        self.generation = generation
        self.answer: Future[Any] = Future()


class SingleFlight:
    def __init__(self, store: "redis.Redis[str]") -> None:
        self._store = store
        self._release = store.register_script(RELEASE)
        self._guard = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def load(self, entry: Entry, generation: str) -> Any:
        """The value of a missing key: computed here, or shared with the computation that already runs."""
        for _ in range(MAX_ROUNDS):
            with self._guard:
                flight = self._flights.get(entry.key)
                if flight is None:
                    mine = self._flights[entry.key] = Flight(generation)
            if flight is None:
                return self._lead(entry, mine)
            if flight.generation == generation:
                return flight.answer.result()
            flight.answer.exception()
            value, generation = entry.form.lookup(entry.key)
            if value is not None:
                return value
        return entry.load()

    def compute(self, entry: Entry, generation: str) -> Any:
        value = entry.load()
        if value is not None:
            entry.form.fill(entry.key, generation, value, entry.ttl)
        return value

    def _lead(self, entry: Entry, flight: Flight) -> Any:
        try:
            everywhere = entry.flight == "everywhere"
            value = self._compute_locked(entry) if everywhere else self.compute(entry, flight.generation)
        except BaseException as error:
            self._end(entry.key)
            flight.answer.set_exception(error)
            raise
        self._end(entry.key)
        flight.answer.set_result(value)
        return value

    def _end(self, key: str) -> None:
        with self._guard:
            del self._flights[key]

    def _compute_locked(self, entry: Entry) -> Any:
        lock = keys.lock_of(entry.key)
        token = str(uuid.uuid4())
        end = time.monotonic() + LOCK_MS / 1000
        while time.monotonic() < end:
            held = bool(self._store.set(lock, token, px=LOCK_MS, nx=True))
            try:
                value, generation = entry.form.lookup(entry.key)
                if value is not None:
                    return value
                if held:
                    return self.compute(entry, generation)
            finally:
                if held:
                    self._release(keys=[lock], args=[token])
            time.sleep(LOCK_POLL_SECONDS)
        return entry.load()
