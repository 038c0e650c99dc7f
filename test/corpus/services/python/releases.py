"""Two releases of one service, one after the other: the second expects another shape of the cached product. Flask.

BUG=shape: the second release reads what the first has stored, and fails. Else its keys carry the shape's version.
"""

import http.client
import json
import logging
import os
import sys
import threading
from urllib.parse import urlsplit

import psycopg2
import redis
from flask import Flask
from werkzeug.serving import make_server

RELEASE = int(sys.argv[1])
VERSION = "" if os.environ.get("BUG") == "shape" else f"v{RELEASE}:"
IDS = range(21, 27)
cache = redis.Redis.from_url(os.environ["REDIS_URL"])
source = psycopg2.connect(os.environ["DATABASE_URL"])
source.autocommit = True
app = Flask(__name__)
app.logger.setLevel(logging.CRITICAL)
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)


@app.get("/products/<int:id>")
def product(id):
    key = f"{VERSION}product:{id}"
    stored = cache.get(key)
    if stored is None:
        with source.cursor() as cursor:
            cursor.execute("SELECT id, name, price, currency FROM product WHERE id = %s", (id,))
            id, name, price, currency = cursor.fetchone()
        price = {"amount": price, "currency": currency} if RELEASE > 1 else price
        stored = json.dumps({"id": id, "name": name, "price": price})
        cache.set(key, stored, ex=600)
    value = json.loads(stored)
    if RELEASE > 1:
        return {"name": value["name"], "shown": f"{value['price']['amount']} {value['price']['currency']}"}
    return {"name": value["name"], "shown": str(value["price"])}


def ask(ids):
    front = http.client.HTTPConnection(urlsplit(os.environ["FRONT"]).netloc)
    for id in ids:
        front.request("GET", f"/products/{id}")
        front.getresponse().read()
    front.close()


with source.cursor() as cursor:
    if RELEASE == 1:
        cursor.execute("CREATE TABLE product (id int PRIMARY KEY, name text, price int, currency text)")
        for id in IDS:
            cursor.execute("INSERT INTO product VALUES (%s, %s, %s, 'EUR')", (id, f"Product {id}", 1000 + id))
server = make_server("127.0.0.1", int(os.environ["PORT"]), app)
threading.Thread(target=server.serve_forever, daemon=True).start()
if RELEASE == 1:
    ask([*list(IDS)[:3]] * 2)
else:
    ask([*list(IDS)[3:], *IDS, *IDS])
server.shutdown()
