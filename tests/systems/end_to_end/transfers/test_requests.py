"""The log of requests: who asks for what is settled waits for both books, and no longer."""

from __future__ import annotations

import pytest
from timed_requests import replies

from splitbrain.systems.end_to_end.transfers.requests import Requests

FIRST, SECOND = ("booked", 0, 0), ("booked", 0, 1)

TRANSFER = (0.1, ("request", 1, "transfer", 7, "a", "b", 5))
SETTLED = (0.2, ("request", 2, "settled"))


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_what_was_requested_is_settled_at_the_moment_when_both_sides_are_booked(order):
    booked = [(1.003, order[0]), (2.007, order[0]), (3.009, order[1])]

    assert replies(Requests, TRANSFER, SETTLED, *booked) == [(0.1, 1), (3.009, 2)]


def test_what_is_booked_on_one_side_alone_is_never_settled():
    assert replies(Requests, TRANSFER, SETTLED, (1.0, FIRST)) == [(0.1, 1)]


def test_nothing_is_waited_for_that_is_requested_later():
    later = (0.5, ("request", 3, "transfer", 8, "a", "b", 5))

    found = replies(Requests, TRANSFER, SETTLED, later, (1.0, FIRST), (1.5, SECOND))

    assert found == [(0.1, 1), (0.5, 3), (1.5, 2)]
