"""Items behind a cache on a threaded server; a connection for each request, and a thread that wakes by itself."""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2
import redis

cache = redis.Redis.from_url(os.environ["REDIS_URL"])


def hum():
    while True:
        time.sleep(0.005)


def item():
    cached = cache.get("item:1")
    if cached is not None:
        return json.loads(cached)
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select name, price from items where id = 1")
            row = cursor.fetchone()
    finally:
        connection.close()
    value = None if row is None else {"name": row[0], "price": str(row[1])}
    cache.set("item:1", json.dumps(value), ex=60)
    return value


def compute():
    cache.get("a")
    until = time.monotonic() + float(os.environ.get("WORK_MS", "30")) / 1000
    while time.monotonic() < until:
        pass
    cache.get("b")
    return {"ok": True}


ROUTES = {"/healthz": lambda: {"ok": True}, "/item": item, "/compute": compute}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(ROUTES[self.path]()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


threading.Thread(target=hum, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
