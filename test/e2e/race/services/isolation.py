"""Reads in one REPEATABLE READ snapshot, sells in SERIALIZABLE transactions that are tried again when they could not be serialised."""

import json
import os

import psycopg
import redis
import uvicorn
from fastapi import FastAPI
from psycopg import IsolationLevel
from psycopg.errors import SerializationFailure
from pydantic import BaseModel

app = FastAPI()
cache = redis.from_url(os.environ["REDIS_URL"])
ATTEMPTS = 5


class Sale(BaseModel):
    seats: int


def connect(level):
    database = psycopg.connect(os.environ["DATABASE_URL"])
    database.isolation_level = level
    return database


@app.get("/health")
def health():
    return cache.ping()


@app.get("/shows/{number}")
def show(number: int):
    kept = cache.get(f"show:{number}")
    if kept is not None:
        return json.loads(kept)
    with connect(IsolationLevel.REPEATABLE_READ) as database:
        title, venue = database.execute("SELECT title, venue FROM shows WHERE id = %s", (number,)).fetchone()
        (name,) = database.execute("SELECT name FROM venues WHERE id = %s", (venue,)).fetchone()
        (seats,) = database.execute("SELECT seats FROM shows WHERE id = %s", (number,)).fetchone()
    found = {"title": title, "venue": name, "seats": seats}
    cache.setex(f"show:{number}", 60, json.dumps(found))
    return found


@app.post("/shows/{number}/sales")
def sell(number: int, sale: Sale):
    with connect(IsolationLevel.SERIALIZABLE) as database:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with database.transaction():
                    (left,) = database.execute("SELECT seats FROM shows WHERE id = %s", (number,)).fetchone()
                    database.execute("UPDATE shows SET seats = %s WHERE id = %s", (left - sale.seats, number))
                break
            except SerializationFailure:
                if attempt == ATTEMPTS:
                    raise
    cache.delete(f"show:{number}")
    return {"sold": sale.seats}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
