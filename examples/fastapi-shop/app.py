"""A shop with PostgreSQL as its source and Redis as its cache.

    cd examples/fastapi-shop
    DATABASE_URL=postgres://… REDIS_URL=redis://… uvicorn app:app --port 8080

or `PORT=8080 python3 app.py`. SHOP_BUG brings back a bug by name, see ../README.md. uvicorn prints one line per request.
"""

import os

import uvicorn
from fastapi import FastAPI

import catalog
import users
import warehouse
from database import prepare
from parts import pool, store

app = FastAPI(title="shop")
for part in (catalog, users, warehouse):
    app.include_router(part.router)


@app.on_event("startup")
def start() -> None:
    prepare(pool)


@app.on_event("shutdown")
def stop() -> None:
    pool.close()
    store.close()


@app.get("/healthz")
def health() -> dict[str, bool]:
    pool.one("SELECT 1")
    store.ping()
    return {"ok": True}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")))
