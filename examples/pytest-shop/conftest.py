"""Every test begins with one product in the database and nothing in the cache."""

import os
from typing import Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient

from shop import app, cache


@pytest.fixture
def database() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text, price numeric(10, 2))")
        connection.execute("TRUNCATE products")
        connection.execute("INSERT INTO products VALUES (1, 'Desk lamp', 149.50)")
        cache.flushdb()
        yield connection


@pytest.fixture
def client(database: psycopg.Connection) -> TestClient:
    return TestClient(app)
