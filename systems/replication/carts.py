"""A shopping cart as an application of its own merges it (DDIA chapter 5, "Merging concurrently
written values").

A store that keeps what was written at once side by side leaves it to its user to make one value of
it. To put together what two copies hold is wrong where one of them has taken something out: "if you
want to allow people to also remove things from their carts, and not just add things, then taking
the union of siblings may not yield the right result". So a cart remembers what was taken out.

>>> basket = put_in(put_in(EMPTY, "milk"), "eggs")
>>> items(put_together([take_out(basket, "milk"), put_in(basket, "flour")]))
('eggs', 'flour')
>>> items(union_of_items([take_out(basket, "milk"), put_in(basket, "flour")]))
('eggs', 'flour', 'milk')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Cart(NamedTuple):
    """What was ever put in, and what was ever taken out; sorted."""

    put: tuple[Any, ...]
    taken: tuple[Any, ...]


EMPTY = Cart((), ())

Merge = Callable[[Iterable[Any]], Any]
"""A user's function: one value of several that were written at once."""


def put_in(cart: Cart, item: Any) -> Cart:
    """The cart with an item more."""
    return cart._replace(put=_sorted({*cart.put, item}))


def take_out(cart: Cart, item: Any) -> Cart:
    """The cart without an item, for good."""
    return cart._replace(taken=_sorted({*cart.taken, item}))


def items(cart: Cart) -> tuple[Any, ...]:
    """What is in a cart."""
    return _sorted({*cart.put} - {*cart.taken})


def put_together(carts: Iterable[Any]) -> Cart:
    """One cart of several that were written at once; commutative, associative, idempotent."""
    known = [Cart(*cart) for cart in carts]
    return Cart(
        _sorted({item for cart in known for item in cart.put}),
        _sorted({item for cart in known for item in cart.taken}),
    )


def union_of_items(carts: Iterable[Any]) -> Cart:
    """What Dynamo's carts did: all that is in one of them, and so what another has taken out."""
    return Cart(_sorted({item for cart in carts for item in items(Cart(*cart))}), ())


def _sorted(things: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(things))
