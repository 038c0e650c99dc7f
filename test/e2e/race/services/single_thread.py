"""One thread that takes one request after the other, and a new connection to each store for every one of them."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg2
import redis


class Shows(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer({})
        number = int(self.path.rsplit("/", 1)[1])
        with redis.from_url(os.environ["REDIS_URL"]) as cache:
            kept = cache.hgetall(f"show:{number}")
            if kept:
                return self.answer({name.decode(): json.loads(text) for name, text in kept.items()})
            database = psycopg2.connect(os.environ["DATABASE_URL"])
            cursor = database.cursor()
            cursor.execute("SELECT title, seats FROM shows WHERE id = %s", (number,))
            title, seats = cursor.fetchone()
            database.rollback()
            database.close()
            cache.hset(f"show:{number}", mapping={"title": json.dumps(title), "seats": seats})
        self.answer({"title": title, "seats": seats})

    def do_PUT(self):
        number = int(self.path.rsplit("/", 1)[1])
        seats = json.loads(self.rfile.read(int(self.headers["content-length"])))["seats"]
        database = psycopg2.connect(os.environ["DATABASE_URL"])
        with database, database.cursor() as cursor:
            cursor.execute("UPDATE shows SET seats = %s WHERE id = %s", (seats, number))
        database.close()
        with redis.from_url(os.environ["REDIS_URL"]) as cache:
            cache.delete(f"show:{number}")
        self.answer({"seats": seats})

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shows).serve_forever()
