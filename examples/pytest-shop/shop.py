"""Products in PostgreSQL, cached in Redis. A route that came later forgot the cache; SHOP_FIXED=1 makes good for it."""

import json
import os
from decimal import Decimal
from typing import Any

import psycopg
import redis
from fastapi import FastAPI, HTTPException
from psycopg.rows import dict_row
from pydantic import BaseModel, Field

PRODUCT_TTL = 300

app = FastAPI(title="pytest-shop")
cache: "redis.Redis[str]" = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


class Name(BaseModel):
    name: str = Field(min_length=1)


class Price(BaseModel):
    price: Decimal = Field(gt=0)


def query(statement: str, *parameters: Any) -> dict[str, Any]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, row_factory=dict_row) as connection:
        row = connection.execute(statement, parameters).fetchone()
    if row is None:
        raise HTTPException(404)
    return {**row, "price": float(row["price"])}


def key(product_id: int) -> str:
    return f"product:{product_id}"


@app.get("/products/{product_id}")
def show(product_id: int) -> Any:
    hit = cache.get(key(product_id))
    if hit is not None:
        return json.loads(hit)
    product = query("SELECT id, name, price FROM products WHERE id = %s", product_id)
    cache.set(key(product_id), json.dumps(product), ex=PRODUCT_TTL)
    return product


@app.put("/products/{product_id}/name")
def rename(product_id: int, body: Name) -> Any:
    product = query(
        "UPDATE products SET name = %s WHERE id = %s RETURNING id, name, price", body.name, product_id
    )
    cache.delete(key(product_id))
    return product


@app.put("/products/{product_id}/price")
def reprice(product_id: int, body: Price) -> Any:
    product = query(
        "UPDATE products SET price = %s WHERE id = %s RETURNING id, name, price", body.price, product_id
    )
    if os.environ.get("SHOP_FIXED") == "1":
        cache.delete(key(product_id))
    return product
