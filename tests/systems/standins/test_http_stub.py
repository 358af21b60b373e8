"""The stand-in for a service behind HTTP, as unmodified httpx sees it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

pytest.importorskip("httpx")
sys.path.insert(0, str(Path(__file__).parents[2] / "harness" / "programs"))

import httpx
from standin_worlds import beside
from worlds import cut

from splitbrain.harness.plan import InvalidPlan
from splitbrain.systems.standins import Answer, Trouble, http_stub


def charge(request):
    """Keeps each charge, and answers how many there are."""
    charges = request.state.setdefault("charges", [])
    charges.append(request.json)
    return Answer({"count": len(charges)}, status=201, headers={"X-Charge": "yes"})


ROUTES = {
    "GET /rates": {"usd": 1.1},
    "POST /charges": charge,
    "GET /charges": lambda request: request.state.get("charges", []),
    "GET /files/*": lambda request: request.path.encode(),
}


def with_stub(main, *, trouble=None, rules=None, events=(), seed=1):
    """Run a program beside the service; returns the world."""
    stub = http_stub(ROUTES, trouble=trouble)
    return beside(main, until=60.0, events=events, rules=rules, seed=seed, pay=stub)


def connected():
    return httpx.AsyncClient(base_url="http://pay", timeout=0.5, verify=False)


def test_routes_answer_values_functions_and_bytes_on_one_connection():
    answers = []

    async def main():
        await asyncio.sleep(0.1)
        async with connected() as http:
            for method, path, body in (
                ("GET", "/rates", None),
                ("POST", "/charges", {"amount": 5}),
                ("POST", "/charges?trace=1", {"amount": 7}),
                ("GET", "/charges", None),
                ("GET", "/files/a/b", None),
                ("HEAD", "/rates", None),
                ("GET", "/nowhere", None),
            ):
                reply = await http.request(method, path, json=body)
                answers.append((reply.status_code, reply.content))
            assert reply.json() == "there is no GET /nowhere"

    with_stub(main)
    assert answers == [
        (200, b'{"usd": 1.1}'),
        (201, b'{"count": 1}'),
        (201, b'{"count": 2}'),
        (200, b'[{"amount": 5}, {"amount": 7}]'),
        (200, b"/files/a/b"),
        (404, b""),
        (404, b'"there is no GET /nowhere"'),
    ]


@pytest.mark.parametrize(
    ("trouble", "error", "charged"),
    [
        (Trouble(refused=1), "503", 0),
        (Trouble(failed=1), "500", 1),
        (Trouble(lost_answer=1), "RemoteProtocolError", 1),
        (Trouble(silent=1), "ReadTimeout", 1),
        (Trouble(cut_short=1), "RemoteProtocolError", 1),
        (Trouble(slow=1, slow_s=1000.0), "ReadTimeout", 1),
    ],
)
def test_what_goes_wrong_goes_wrong_before_or_after_it_was_done(trouble, error, charged):
    seen = []
    charges = []

    def watched(request):
        charges.append(request.json)
        return len(charges)

    async def main():
        await asyncio.sleep(0.1)
        async with connected() as http:
            try:
                reply = await http.post("/charges", json={"amount": 5})
                seen.append(str(reply.status_code))
            except httpx.HTTPError as failed:
                seen.append(type(failed).__name__)

    beside(main, until=30.0, pay=http_stub({"POST /charges": watched}, trouble=trouble))
    assert seen == [error]
    assert len(charges) == charged


def test_what_goes_wrong_now_and_then_is_the_same_for_the_same_seed():
    def statuses(seed):
        found = []

        async def main():
            await asyncio.sleep(0.1)
            async with connected() as http:
                for _ in range(40):
                    found.append((await http.get("/rates")).status_code)

        with_stub(main, trouble=Trouble(refused=0.3, failed=0.2), seed=seed)
        return found

    assert set(statuses(1)) == {200, 500, 503}
    assert statuses(1) == statuses(1) != statuses(2)


def test_a_partition_times_out_and_a_restart_forgets():
    outcomes = []

    async def main():
        for pause in (0.1, 1.1, 2.3, 2.5):
            await asyncio.sleep(pause)
            async with connected() as http:
                try:
                    reply = await http.post("/charges", json={})
                    outcomes.append(reply.json()["count"])
                except httpx.HTTPError as failed:
                    outcomes.append(type(failed).__name__)

    with_stub(
        main,
        rules=lambda world: cut(world, 1.0, 3.0),
        events=[(5.0, "kill"), (5.1, "start")],
    )
    assert outcomes == [1, "ConnectTimeout", 2, 1]


@pytest.mark.parametrize("place", ["/rates", "FETCH /rates", "GET rates"])
def test_what_is_no_route_is_refused(place):
    with pytest.raises(InvalidPlan, match="give a method and a path"):
        http_stub({place: 1})


def test_what_is_no_probability_is_refused():
    with pytest.raises(InvalidPlan, match="trouble silent is 3"):
        Trouble(silent=3)
