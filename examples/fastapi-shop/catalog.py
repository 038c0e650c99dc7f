"""Items, the pages of the catalogue, and the items of a category."""

import json
from decimal import Decimal
from typing import Any, Callable

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field

import keys
from bugs import bugs
from database import Row
from forms import Entry
from parts import cache, identify, pool, writer

ITEM_TTL = 60
LIST_TTL = 30
PAGE_SIZE = 10

router = APIRouter()


class ItemChange(BaseModel):
    """What is absent stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    price: Decimal | None = Field(default=None, gt=0, le=99_999_999)
    categoryId: int | None = None


def plain(row: Row) -> Row:
    return {**row, "price": float(row["price"])}


def load_item(item_id: int) -> Any:
    row = pool.one(
        "SELECT i.id, i.name, i.price, i.category_id, c.name AS category"
        " FROM items i JOIN categories c ON c.id = i.category_id WHERE i.id = %s",
        (item_id,),
    )
    if row is None:
        return None
    reviews = pool.one(
        "SELECT count(*)::int AS reviews, round(avg(rating), 2)::float AS rating FROM reviews WHERE item_id = %s",
        (item_id,),
    )
    return {**plain(row), **(reviews or {})}


def load_page(page: int) -> Any:
    rows = pool.all(
        "SELECT id, name, price FROM items ORDER BY id LIMIT %s OFFSET %s", (PAGE_SIZE, (page - 1) * PAGE_SIZE)
    )
    return {"page": page, "items": [plain(row) for row in rows]}


def load_category(category_id: int) -> Any:
    category = pool.one("SELECT id, name FROM categories WHERE id = %s", (category_id,))
    if category is None:
        return None
    rows = pool.all("SELECT id, name, price FROM items WHERE category_id = %s ORDER BY id", (category_id,))
    return {"category": category, "items": [plain(row) for row in rows]}


def answer(request: Request, entry: Entry) -> Any:
    body = cache.read(entry, lambda: identify(request))
    if body is None:
        raise HTTPException(404, f"nothing at {request.url.path}")
    return body


def list_entry(key: str, load: Callable[[], Any]) -> Entry:
    return Entry(key, cache.fenced, LIST_TTL, load)


@router.get("/items")
def show_page(request: Request, page: int = Query(default=1, ge=1, le=100_000)) -> Any:
    return answer(request, list_entry(keys.item_page(page), lambda: load_page(page)))


@router.get("/items/{item_id}")
def show_item(item_id: int, request: Request) -> Any:
    form = cache.unfenced if "stale-fill-race" in bugs else cache.fenced
    return answer(request, Entry(keys.item(item_id), form, ITEM_TTL, lambda: load_item(item_id)))


@router.get("/categories/{category_id}/items")
def show_category(category_id: int, request: Request) -> Any:
    return answer(request, list_entry(keys.category_items(category_id), lambda: load_category(category_id)))


@router.put("/items/{item_id}")
def change_item(item_id: int, body: ItemChange, caller: Row = Depends(writer)) -> Any:
    early = "invalidate-before-commit" in bugs
    with pool.transaction() as tx:
        before = lock_item(tx, item_id)
        changed = update_item(tx, item_id, before, body)
        removed = derived_keys(tx, before, changed)
        if early:
            remove_derived(item_id, removed)
        record_change(tx, changed, caller["user_id"])
    if not early:
        remove_derived(item_id, removed)
    return plain(changed)


def remove_derived(item_id: int, removed: list[str]) -> None:
    if "over-invalidation" in bugs:
        cache.invalidate_matching("item:*")
    own = f"items:{item_id}" if "wrong-key" in bugs else keys.item(item_id)
    cache.invalidate([own, *removed])


def lock_item(tx: psycopg.Connection[Row], item_id: int) -> Row:
    row = tx.execute("SELECT name, price, category_id FROM items WHERE id = %s FOR UPDATE", (item_id,)).fetchone()
    if row is None:
        raise HTTPException(404, f"no item {item_id}")
    return row


def update_item(tx: psycopg.Connection[Row], item_id: int, before: Row, body: ItemChange) -> Row:
    name = before["name"] if body.name is None else body.name
    price = before["price"] if body.price is None else body.price
    category = before["category_id"] if body.categoryId is None else body.categoryId
    try:
        row = tx.execute(
            "UPDATE items SET name = %s, price = %s, category_id = %s, updated_at = now()"
            " WHERE id = %s RETURNING id, name, price, category_id",
            (name, price, category, item_id),
        ).fetchone()
    except psycopg.errors.ForeignKeyViolation as error:
        raise HTTPException(400, f"no category {category}") from error
    assert row is not None, "the row is locked by this transaction"
    return row


def record_change(tx: psycopg.Connection[Row], changed: Row, user_id: int) -> None:
    tx.execute(
        "INSERT INTO price_history (item_id, price, changed_by) VALUES (%s, %s, %s)",
        (changed["id"], changed["price"], user_id),
    )
    body = json.dumps({"item": changed["id"], "price": str(changed["price"])})
    tx.execute("INSERT INTO outbox (topic, body) VALUES ('price', %s)", (body,))


def derived_keys(tx: psycopg.Connection[Row], before: Row, after: Row) -> list[str]:
    """Every key besides the item's own that a change of this row shows in."""
    row = tx.execute("SELECT count(*)::int AS earlier FROM items WHERE id < %s", (after["id"],)).fetchone()
    assert row is not None, "count answers one row"
    derived = [keys.item_page(1 + row["earlier"] // PAGE_SIZE), keys.category_items(after["category_id"])]
    if before["category_id"] != after["category_id"]:
        # Sales are counted per category: they change only when the item moves.
        derived += [keys.category_items(before["category_id"]), keys.sales()]
    return derived
