"""Stations of a railway, read at a standby that lags a little: JSON under station.N, psycopg2 and redis-py.

BUG=standby: fills read the standby, also right after a change. Else they read the primary.
"""

import json
import os
import time
from random import Random

import psycopg2
import redis

BUG = os.environ.get("BUG", "")
STATIONS = range(301, 305)
cache = redis.Redis.from_url(os.environ["REDIS_URL"])
primary = psycopg2.connect(os.environ["DATABASE_URL"])
standby = psycopg2.connect(os.environ["DATABASE_REPLICA_URL"])
primary.autocommit = standby.autocommit = True


def rows(source, statement, values=()):
    with source.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def station(id):
    stored = cache.get(f"station.{id}")
    if stored is not None:
        return json.loads(stored)
    source = standby if BUG == "standby" else primary
    [(id, name, platforms)] = rows(source, "SELECT id, name, platforms FROM station WHERE id = %s", (id,))
    value = {"id": id, "name": name, "platforms": platforms}
    cache.set(f"station.{id}", json.dumps(value), ex=60)
    return value


def rename(id, name):
    rows(primary, "UPDATE station SET name = %s WHERE id = %s", (name, id))
    cache.delete(f"station.{id}")


rows(primary, "CREATE TABLE station (id int PRIMARY KEY, name text, platforms int)")
for id in STATIONS:
    rows(primary, "INSERT INTO station VALUES (%s, %s, %s)", (id, f"Station no {id}", 4 * id))
for _ in range(100):
    time.sleep(0.1)
    if rows(standby, "SELECT to_regclass('station') IS NOT NULL") == [(True,)] and rows(
        standby, "SELECT count(*) FROM station"
    ) == [(len(STATIONS),)]:
        break
random = Random(3)
for _ in range(3):
    for id in STATIONS:
        station(id)
        rename(id, f"Renamed {random.randint(1000, 99999)}")
        for _ in range(3):
            station(id)
    time.sleep(0.6)
    for id in STATIONS:
        station(id)
