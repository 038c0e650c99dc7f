"""Stock, orders, and the sales figures."""

from typing import Any

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field

import keys
from bugs import bugs
from database import Row
from forms import Entry
from parts import cache, identify, pool, writer

STOCK_TTL = 20
SALES_TTL = 15
MAX_INTEGER = 2_147_483_647

router = APIRouter()


class Restock(BaseModel):
    quantity: int = Field(ge=1, le=MAX_INTEGER)


class Order(BaseModel):
    itemId: int = Field(ge=1, le=MAX_INTEGER)
    quantity: int = Field(ge=1, le=1000)


def load_stock(item_id: int) -> Any:
    return pool.one("SELECT quantity, warehouse FROM stock WHERE item_id = %s", (item_id,))


def load_sales() -> Any:
    rows = pool.all(
        "SELECT c.name AS category, count(o.id)::int AS orders, coalesce(sum(o.total), 0) AS revenue"
        " FROM categories c JOIN items i ON i.category_id = c.id LEFT JOIN orders o ON o.item_id = i.id"
        " GROUP BY c.id, c.name ORDER BY c.id"
    )
    categories = [{**row, "revenue": float(row["revenue"])} for row in rows]
    return {"orders": sum(row["orders"] for row in categories), "categories": categories}


@router.get("/stock/{item_id}")
def show_stock(item_id: int, request: Request) -> Any:
    entry = Entry(keys.stock(item_id), cache.hash, STOCK_TTL, lambda: load_stock(item_id))
    found = cache.read(entry, lambda: identify(request))
    if found is None:
        raise HTTPException(404, f"no stock of item {item_id}")
    return {"itemId": item_id, "quantity": int(found["quantity"]), "warehouse": found["warehouse"]}


@router.put("/stock/{item_id}", dependencies=[Depends(writer)])
def restock(item_id: int, body: Restock) -> Any:
    with pool.transaction() as tx:
        updated = tx.execute("UPDATE stock SET quantity = %s WHERE item_id = %s", (body.quantity, item_id))
        if updated.rowcount == 0:
            raise HTTPException(404, f"no stock of item {item_id}")
        tx.execute("INSERT INTO stock_movements (item_id, quantity) VALUES (%s, %s)", (item_id, body.quantity))
    cache.invalidate([keys.stock(item_id)])
    return {"itemId": item_id, "quantity": body.quantity}


@router.post("/orders", status_code=201)
def order(body: Order, caller: Row = Depends(writer)) -> Any:
    with pool.transaction() as tx:
        placed = place_order(tx, caller["user_id"], body.itemId, body.quantity)
    removed = [keys.sales()]
    if "missing-invalidation" not in bugs:
        removed.append(keys.stock(body.itemId))
    cache.invalidate(removed)
    return placed


def place_order(tx: psycopg.Connection[Row], user_id: int, item_id: int, quantity: int) -> Row:
    taken = tx.execute(
        "UPDATE stock SET quantity = quantity - %s WHERE item_id = %s AND quantity >= %s RETURNING quantity",
        (quantity, item_id, quantity),
    ).fetchone()
    if taken is None:
        raise HTTPException(409, f"item {item_id}: fewer than {quantity} in stock")
    priced = tx.execute("SELECT price FROM items WHERE id = %s", (item_id,)).fetchone()
    assert priced is not None, "stock refers to an item"
    placed = tx.execute(
        "INSERT INTO orders (user_id, item_id, quantity, total) VALUES (%s, %s, %s, %s) RETURNING id, total",
        (user_id, item_id, quantity, priced["price"] * quantity),
    ).fetchone()
    assert placed is not None, "INSERT … RETURNING answers one row"
    return {"id": placed["id"], "total": float(placed["total"]), "left": taken["quantity"]}


@router.get("/stats")
def show_stats(request: Request) -> Any:
    flight = "none" if "stampede" in bugs else "everywhere"
    return cache.read(Entry(keys.sales(), cache.fenced, SALES_TTL, load_sales, flight), lambda: identify(request))
