"""What every route needs: the pool, the cache, and who calls."""

import os
from typing import Any

import redis
from fastapi import HTTPException, Request

from cache import Cache
from database import Pool

GUEST = "guest"


def required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set")
    return value


pool = Pool(required("DATABASE_URL"))
store: "redis.Redis[str]" = redis.Redis.from_url(required("REDIS_URL"), decode_responses=True)
cache = Cache(store)


def identify(request: Request) -> dict[str, Any]:
    """Who calls, from the tokens table; asked in every request. Without an Authorization header it is the guest."""
    header = request.headers.get("authorization")
    token = GUEST if header is None else header.removeprefix("Bearer ").removeprefix("bearer ")
    caller = pool.one("SELECT user_id, can_write FROM tokens WHERE token = %s", (token,))
    if caller is None:
        raise HTTPException(401, 'unknown token; send "authorization: Bearer demo-token-1"')
    if caller["user_id"] is not None:
        with pool.connection() as connection:
            connection.execute(
                "UPDATE users SET last_seen = now() WHERE id = %s AND last_seen < now() - interval '1 second'",
                (caller["user_id"],),
            )
    return caller


def writer(request: Request) -> dict[str, Any]:
    caller = identify(request)
    if not caller["can_write"]:
        raise HTTPException(401, 'writing needs "authorization: Bearer demo-token-1"')
    return caller
