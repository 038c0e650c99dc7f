"""asyncpg and redis.asyncio on one loop; the key is removed by a task that the response does not wait for."""

import asyncio
import json
import os

import asyncpg
import redis.asyncio as redis
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

cache = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
tasks = set()


app = FastAPI()


@app.on_event("startup")
async def connect():
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=3)


class Change(BaseModel):
    seats: int


@app.get("/health")
async def health():
    return await cache.ping()


@app.get("/shows/{number}")
async def show(number: int):
    kept = await cache.get(f"show:{number}")
    if kept is not None:
        return json.loads(kept)
    found = dict(await app.state.pool.fetchrow("SELECT title, seats FROM shows WHERE id = $1", number))
    await cache.set(f"show:{number}", json.dumps(found), ex=60)
    return found


@app.put("/shows/{number}")
async def change(number: int, body: Change):
    async with app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE shows SET seats = $2 WHERE id = $1", number, body.seats)
    task = asyncio.create_task(cache.delete(f"show:{number}"))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return {"seats": body.seats}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
