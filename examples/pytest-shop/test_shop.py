"""These pass with the stale cache, too: each change is looked at, but at its answer, in the database, or by its status."""

import psycopg
from fastapi.testclient import TestClient


def test_a_product_is_shown_twice_alike(client: TestClient) -> None:
    first = client.get("/products/1").json()
    assert first == client.get("/products/1").json() == {"id": 1, "name": "Desk lamp", "price": 149.5}


def test_a_new_name_is_shown(client: TestClient) -> None:
    client.get("/products/1")
    client.put("/products/1/name", json={"name": "Floor lamp"})
    assert client.get("/products/1").json()["name"] == "Floor lamp"


def test_a_new_price_is_stored(client: TestClient, database: psycopg.Connection) -> None:
    client.get("/products/1")
    assert client.put("/products/1/price", json={"price": "162.25"}).json()["price"] == 162.25
    assert database.execute("SELECT price FROM products").fetchone() is not None
    assert client.get("/products/1").status_code == 200


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/products/2").status_code == 404
