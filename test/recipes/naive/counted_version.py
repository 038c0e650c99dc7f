"""A version in the key's name that is counted, and begins again once it is lost."""

import json


def read_product(store, connection, product_id):
    key = f"product:{product_id}:v:{store.get(f'product:{product_id}:version') or 0}"
    text = store.get(key)
    if text is not None:
        return json.loads(text)
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    product = dict(zip(("id", "name", "price"), row))
    store.set(key, json.dumps(product), ex=60)
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    store.incr(f"product:{product_id}:version")
