"""The only place that names keys: readers and writers call the same function, so they cannot disagree."""


def item(item_id: int) -> str:
    return f"item:{item_id}"


def item_page(page: int) -> str:
    return f"items:page:{page}"


def category_items(category_id: int) -> str:
    return f"category:{category_id}:items"


def user_by_id(user_id: int) -> str:
    return f"user:{user_id}"


def user_by_slug(slug: str) -> str:
    return f"user:slug:{slug}"


def stock(item_id: int) -> str:
    return f"stock:{item_id}"


def sales() -> str:
    return "stats:sales"


def generation_of(key: str) -> str:
    """Changed by every invalidation of `key`; a fill that started under another generation is refused."""
    return f"gen:{key}"


def lock_of(key: str) -> str:
    """Held by the process that computes `key`, where only one at a time may."""
    return f"lock:{key}"
