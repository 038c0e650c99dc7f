"""The switches. SHOP_BUG names the bug to bring back, or several with commas; empty means that every path is correct.

What each does is told in ../README.md; search for `in bugs` to see where.
"""

import os

BUGS = (
    "missing-invalidation",
    "wrong-key",
    "invalidate-before-commit",
    "stale-fill-race",
    "partial-invalidation",
    "ttl-only",
    "ttl-lost",
    "over-invalidation",
    "stampede",
)


def parse_bugs(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in BUGS:
            raise SystemExit(f'SHOP_BUG: "{name}" is none of {", ".join(BUGS)}')
    return frozenset(names)


bugs = parse_bugs(os.environ.get("SHOP_BUG", ""))
