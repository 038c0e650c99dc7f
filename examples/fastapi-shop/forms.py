"""How a value is kept under a key, and how a fill is fenced by the generation of the key."""

import json
import random
from dataclasses import dataclass
from typing import Any, Callable, Literal, Protocol

import redis

import keys

# Share of a TTL that is left to chance, so that keys filled together do not expire together.
JITTER = 0.2

FILL = """
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class Form(Protocol):
    def lookup(self, key: str) -> tuple[Any, str]:
        """Value (None: a miss) and generation."""

    def fill(self, key: str, generation: str, value: Any, ttl: int | None) -> None:
        ...


@dataclass(frozen=True)
class Entry:
    key: str
    form: Form
    # Seconds.
    ttl: int
    # Reads the database; None: there is no such thing, and nothing is cached.
    load: Callable[[], Any]
    # Who shares one computation of a missing key.
    flight: Literal["process", "everywhere", "none"] = "process"


def jittered(seconds: int) -> int:
    return max(1, round(seconds * (1 - JITTER / 2 + random.random() * JITTER)))


class Text:
    """A JSON text under a key."""

    def __init__(self, store: "redis.Redis[str]") -> None:
        self._store = store

    def lookup(self, key: str) -> tuple[Any, str]:
        text, generation = self._store.mget(key, keys.generation_of(key))
        return (None if text is None else json.loads(text)), generation or ""


class Fenced(Text):
    """Filled by a script that compares the generation."""

    def __init__(self, store: "redis.Redis[str]") -> None:
        super().__init__(store)
        self._fill = store.register_script(FILL)

    def fill(self, key: str, generation: str, value: Any, ttl: int | None) -> None:
        self._fill(keys=[key, keys.generation_of(key)], args=[generation, json.dumps(value), jittered(ttl or 1)])


class Unfenced(Text):
    """Filled without a look at the generation: the stale-fill race is open."""

    def fill(self, key: str, generation: str, value: Any, ttl: int | None) -> None:
        self._store.set(key, json.dumps(value), ex=jittered(ttl or 1))


def fill_watched(store: "redis.Redis[str]", key: str, generation: str, write: Callable[[Any], None]) -> None:
    """The fence without a script: WATCH makes EXEC fail when the generation changes after it was compared."""
    with store.pipeline() as pipe:
        pipe.watch(keys.generation_of(key))
        if (pipe.get(keys.generation_of(key)) or "") != generation:
            return
        pipe.multi()
        write(pipe)
        try:
            pipe.execute()
        except redis.WatchError:
            return


class Watched(Text):
    """Filled in a watched transaction."""

    def fill(self, key: str, generation: str, value: Any, ttl: int | None) -> None:
        lifetime = None if ttl is None else jittered(ttl)
        fill_watched(self._store, key, generation, lambda pipe: pipe.set(key, json.dumps(value), ex=lifetime))


class Hash:
    """A Redis hash, one field a column, filled in a watched transaction."""

    def __init__(self, store: "redis.Redis[str]") -> None:
        self._store = store

    def lookup(self, key: str) -> tuple[Any, str]:
        pipe = self._store.pipeline(transaction=False)
        fields, generation = pipe.hgetall(key).get(keys.generation_of(key)).execute()
        return (fields or None), generation or ""

    def fill(self, key: str, generation: str, value: Any, ttl: int | None) -> None:
        def write(pipe: Any) -> None:
            pipe.hset(key, mapping=value)
            pipe.expire(key, jittered(ttl or 1))

        fill_watched(self._store, key, generation, write)
