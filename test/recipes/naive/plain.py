"""Cache-aside as it is mostly written: removed after COMMIT, filled without a look at what happened since."""

import json

SECONDS = 60


def read_product(store, connection, product_id):
    text = store.get(f"product:{product_id}")
    if text is not None:
        return json.loads(text)
    row = connection.execute("SELECT id, name, price FROM products WHERE id = %s", (product_id,)).fetchone()
    product = dict(zip(("id", "name", "price"), row))
    store.set(f"product:{product_id}", json.dumps(product), ex=SECONDS)
    return product


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
    store.delete(f"product:{product_id}")
