"""redis-py: a fill that WATCHes a counter and gives way to whoever raised it; a writer that raises it and removes in one MULTI."""

import json
import os

import psycopg
import redis
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
cache = redis.from_url(os.environ["REDIS_URL"])


class Change(BaseModel):
    seats: int


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"])


@app.get("/health")
def health():
    with connect():
        return cache.ping()


@app.get("/shows/{number}")
def show(number: int):
    with cache.pipeline() as pipe:
        pipe.watch(f"changes:{number}")
        kept = pipe.get(f"show:{number}")
        if kept is not None:
            return json.loads(kept)
        with connect() as database:
            title, seats = database.execute("SELECT title, seats FROM shows WHERE id = %s", (number,)).fetchone()
        found = {"title": title, "seats": seats}
        pipe.multi()
        pipe.set(f"show:{number}", json.dumps(found), ex=60)
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        return found


@app.put("/shows/{number}")
def change(number: int, body: Change):
    with connect() as database:
        database.execute("UPDATE shows SET seats = %s WHERE id = %s", (body.seats, number))
    with cache.pipeline(transaction=True) as pipe:
        pipe.incr(f"changes:{number}").delete(f"show:{number}").execute()
    return {"seats": body.seats}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
