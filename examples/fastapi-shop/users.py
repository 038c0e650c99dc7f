"""Profiles, found by id and by slug: one row, two keys."""

from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field

import keys
from bugs import bugs
from forms import Entry
from parts import cache, identify, pool, writer

USER_TTL = 10

router = APIRouter()


class UserChange(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    city: str = Field(min_length=1, max_length=200)


def profile_by_id(user_id: int) -> Any:
    return pool.one("SELECT id, slug, name, city FROM users WHERE id = %s", (user_id,))


def profile_by_slug(slug: str) -> Any:
    return pool.one("SELECT id, slug, name, city FROM users WHERE slug = %s", (slug,))


def entry(id_or_slug: str) -> Entry:
    if id_or_slug.isdecimal():
        user_id = int(id_or_slug)
        return Entry(keys.user_by_id(user_id), cache.watched, USER_TTL, lambda: profile_by_id(user_id))
    return Entry(keys.user_by_slug(id_or_slug), cache.watched, USER_TTL, lambda: profile_by_slug(id_or_slug))


def warm(user_id: int, generation: str) -> None:
    """Keeps the next reader from a miss."""
    forever = None
    ttl = forever if "ttl-lost" in bugs else USER_TTL
    cache.watched.fill(keys.user_by_id(user_id), generation, profile_by_id(user_id), ttl)


@router.get("/users/{id_or_slug}")
def show_user(id_or_slug: str, request: Request) -> Any:
    user = cache.read(entry(id_or_slug), lambda: identify(request))
    if user is None:
        raise HTTPException(404, f"no user {id_or_slug}")
    return user


@router.put("/users/{user_id}", dependencies=[Depends(writer)])
def change_user(user_id: int, body: UserChange) -> Any:
    user = pool.one(
        "UPDATE users SET name = %s, city = %s WHERE id = %s RETURNING id, slug, name, city",
        (body.name, body.city, user_id),
    )
    if user is None:
        raise HTTPException(404, f"no user {user_id}")
    if "ttl-only" not in bugs:
        removed = [keys.user_by_id(user_id)]
        if "partial-invalidation" not in bugs:
            removed.append(keys.user_by_slug(user["slug"]))
        warm(user_id, cache.invalidate(removed))
    return user
