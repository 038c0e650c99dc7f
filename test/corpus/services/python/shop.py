"""A shop behind HTTP: FastAPI, psycopg 3 and redis-py; it asks itself at $FRONT, as its visitors would.

Keys are shop/item/N and shop/items/page/N, JSON. Fills are fenced by a generation of the whole shop.
BUG: patch-forgets, list-forgotten, negative, tenant-left-out, local-copy, public-account, card-number.
"""

import http.client
import json
import os
import threading
import time
from urllib.parse import urlsplit

import psycopg
import redis
import uvicorn
from driving import drive
from fastapi import FastAPI, Header, Request, Response
from psycopg.rows import dict_row

BUG = os.environ.get("BUG", "")
CLIENTS = int(os.environ.get("CLIENTS", "1"))
TTL = 120
cache = redis.Redis.from_url(os.environ["REDIS_URL"])
local = threading.local()
memory = {}
fill = cache.register_script(
    "if (redis.call('get', KEYS[2]) or '0') == ARGV[1] then redis.call('setex', KEYS[1], ARGV[2], ARGV[3]) return 1 end return 0"
)
app = FastAPI()


def rows(statement, values=()):
    if not hasattr(local, "source"):
        local.source = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, row_factory=dict_row)
    cursor = local.source.execute(statement, values)
    return cursor.fetchall() if cursor.description else []


def cached(key, load):
    stored = cache.get(key)
    if stored is not None:
        return json.loads(stored)
    generation = cache.get("shop/generation") or b"0"
    value = load()
    fill(keys=[key, "shop/generation"], args=[generation, TTL, json.dumps(value, default=str)])
    return value


def forget(*keys):
    with cache.pipeline() as pipe:
        pipe.incr("shop/generation").delete(*keys).execute()


@app.get("/items/{id}")
def item(id: int, response: Response):
    if BUG == "local-copy" and id in memory:
        return memory[id]
    found = cached(f"shop/item/{id}", lambda: rows("SELECT id, name, price FROM item WHERE id = %s", (id,)))
    if not found:
        response.status_code = 404
    memory[id] = found
    return found


@app.get("/items")
def items(page: int = 1):
    first = page * 3 - 2
    return cached(
        f"shop/items/page/{page}",
        lambda: rows("SELECT id, name, price FROM item WHERE id BETWEEN %s AND %s ORDER BY id", (first, first + 2)),
    )


def pages():
    return [] if BUG == "list-forgotten" else [f"shop/items/page/{page}" for page in (1, 2, 3)]


@app.put("/items/{id}")
def replace(id: int, body: dict):
    rows("UPDATE item SET name = %s, price = %s WHERE id = %s", (body["name"], body["price"], id))
    forget(f"shop/item/{id}", *pages())
    if BUG != "local-copy":
        memory.pop(id, None)


@app.patch("/items/{id}/price")
def reprice(id: int, body: dict):
    rows("UPDATE item SET price = %s WHERE id = %s", (body["price"], id))
    if BUG != "patch-forgets":
        forget(f"shop/item/{id}", *pages())


@app.post("/items")
def create(body: dict):
    rows("INSERT INTO item VALUES (%s, %s, %s)", (body["id"], body["name"], body["price"]))
    if BUG != "negative":
        forget(f"shop/item/{body['id']}", *pages())


@app.get("/settings/{name}")
def setting(name: str, x_tenant: str = Header()):
    key = f"shop/setting/{name}" if BUG == "tenant-left-out" else f"shop/setting/{x_tenant}/{name}"
    return cached(
        key, lambda: rows("SELECT tenant, name, value FROM setting WHERE tenant = %s AND name = %s", (x_tenant, name))
    )


@app.get("/account")
def account(request: Request, response: Response):
    name = request.headers["authorization"].removeprefix("Bearer ")
    response.headers["cache-control"] = "public, max-age=60" if BUG == "public-account" else "private, max-age=60"
    columns = "id, email, card" if BUG == "card-number" else "id, email"
    return cached(f"shop/account/{name}", lambda: rows(f"SELECT {columns} FROM account WHERE email = %s", (name,)))


def visit(connection, method, path, body=None, headers=None):
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"content-type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 500:
        raise RuntimeError(f"{method} {path}: {answer.status}")


def shopper(random):
    front = http.client.HTTPConnection(urlsplit(os.environ["FRONT"]).netloc)
    for turn in range(int(os.environ.get("TURNS", "4"))):
        id = random.randint(1, 6)
        visit(front, "GET", f"/items/{id}"), visit(front, "GET", f"/items?page={1 + id // 4}")
        if CLIENTS == 1 or turn == 1:
            visit(front, "PUT", f"/items/{id}", {"name": f"New name {random.random()}", "price": random.randint(1000, 9999)})
            visit(front, "GET", f"/items/{id}"), visit(front, "GET", f"/items?page={1 + id // 4}")
            visit(front, "PATCH", f"/items/{id}/price", {"price": random.randint(1000, 9999)})
        visit(front, "GET", f"/items/{id}"), visit(front, "GET", f"/items?page={1 + id // 4}")
        if CLIENTS > 1:
            continue
        for tenant in ("acme", "bolt") if turn % 2 else ("bolt", "acme"):
            visit(front, "GET", f"/settings/{'theme' if turn % 2 else 'logo'}", headers={"x-tenant": tenant})
        if turn < 3:
            new = {"id": 40 + turn, "name": f"Brand new {turn}", "price": 777}
            visit(front, "GET", f"/items/{40 + turn}"), visit(front, "POST", "/items", new)
            visit(front, "GET", f"/items/{40 + turn}"), visit(front, "GET", f"/items/{40 + turn}")
        for name in ("ada@shop.test", "bob@shop.test"):
            visit(front, "GET", "/account", headers={"authorization": f"Bearer {name}"})
    front.close()


rows("CREATE TABLE item (id int PRIMARY KEY, name text, price int)")
rows("CREATE TABLE setting (tenant text, name text, value text, PRIMARY KEY (tenant, name))")
rows("CREATE TABLE account (id int PRIMARY KEY, email text UNIQUE, card text)")
for id in range(1, 7):
    rows("INSERT INTO item VALUES (%s, %s, %s)", (id, f"Item name {id}", 1000 + 11 * id))
for tenant in ("acme", "bolt"):
    for name in ("theme", "logo"):
        rows("INSERT INTO setting VALUES (%s, %s, %s)", (tenant, name, f"{name} of {tenant}"))
for id, name in ((1, "ada"), (2, "bob")):
    rows("INSERT INTO account VALUES (%s, %s, %s)", (id, f"{name}@shop.test", f"411111111111111{id}"[:15] + "1"))
server = uvicorn.Server(uvicorn.Config(app, port=int(os.environ["PORT"]), log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.01)
drive((CLIENTS, 1, shopper))
server.should_exit = True
