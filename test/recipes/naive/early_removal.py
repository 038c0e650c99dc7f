"""Fenced fills, but the key is removed while the change is not committed yet."""

from generation_fence import invalidate, product_key, read_product  # noqa: F401


def change_price(store, connection, product_id, price):
    with connection.transaction():
        connection.execute("UPDATE products SET price = %s WHERE id = %s", (price, product_id))
        invalidate(store, product_key(product_id))
