"""Cache-aside with a generation fence.

A reader takes the key and its generation in one round trip, reads the database, and fills only if the generation is
still the same. A writer commits first, then gives every derived key a new generation and removes it, in one MULTI. A
fill that carries a value from before the commit therefore either lands before the removal, and is removed, or comes
after it, and is refused.
"""

import uuid
from typing import Any, Callable, Sequence

import redis

import keys
from forms import Entry, Fenced, Hash, Unfenced, Watched
from single_flight import SingleFlight

# Longer than any request between its lookup and its fill can take.
GENERATION_SECONDS = 600
SCAN_COUNT = 200
UNLINK_BATCH = 200


class Cache:
    def __init__(self, store: "redis.Redis[str]") -> None:
        self._store = store
        self._flights = SingleFlight(store)
        self.fenced = Fenced(store)
        self.unfenced = Unfenced(store)
        self.watched = Watched(store)
        self.hash = Hash(store)

    def read(self, entry: Entry, authorise: Callable[[], Any]) -> Any:
        """The value behind a key, from Redis or from the database; nothing for a caller that `authorise` refuses."""
        value, generation = entry.form.lookup(entry.key)
        authorise()
        if value is not None:
            return value
        if entry.flight == "none":
            return self._flights.compute(entry, generation)
        return self._flights.load(entry, generation)

    def invalidate(self, removed: Sequence[str]) -> str:
        """Removes keys and starts a new generation of each, which is returned. Call it after COMMIT."""
        generation = str(uuid.uuid4())
        with self._store.pipeline(transaction=True) as pipe:
            for key in removed:
                pipe.set(keys.generation_of(key), generation, ex=GENERATION_SECONDS)
            pipe.delete(*removed)
            pipe.execute()
        return generation

    def invalidate_matching(self, pattern: str) -> None:
        """Removes every key that matches, changed or not."""
        found = list(self._store.scan_iter(match=pattern, count=SCAN_COUNT))
        for start in range(0, len(found), UNLINK_BATCH):
            self._store.unlink(*found[start : start + UNLINK_BATCH])
