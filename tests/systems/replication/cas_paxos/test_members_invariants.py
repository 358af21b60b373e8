"""The probe of members: which may follow which, and that a change given up half way is seen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from splitbrain.systems.replication.cas_paxos.acceptor import Members
from splitbrain.systems.replication.cas_paxos.invariants import MembersInvariants

SERVERS = ("n1", "n2", "n3")
ALL, TWO, OTHER = SERVERS, ("n1", "n2"), ("n2", "n3")


def breaches(*seen):
    probe, told = MembersInvariants(), []
    for name, members in seen:
        breach = probe(name, SimpleNamespace(members=members, servers=SERVERS))
        told += [breach.invariant] if breach else []
    return told


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ([(ALL, ALL), (ALL, TWO), (TWO, TWO), (TWO, ALL)], []),
        ([(ALL, ALL), (TWO, TWO)], ["majorities-meet"]),
        # The second change begins while the first is half way.
        ([(ALL, ALL), (ALL, TWO), (TWO, OTHER)], ["majorities-meet"]),
        ([(ALL, TWO), (ALL, ALL)], ["majorities-meet"]),
    ],
)
def test_members_that_follow_one_another(lists, told):
    seen = [Members(version, *both) for version, both in enumerate(lists)]

    assert breaches(*(("n2", members) for members in seen)) == told
    assert breaches(*(("n2", members) for members in reversed(seen))) == told


def test_two_servers_that_know_different_members_of_one_version():
    assert breaches(("n2", Members(1, ALL, TWO)), ("n3", Members(1, ALL, TWO))) == []
    assert breaches(("n2", Members(1, ALL, TWO)), ("n3", Members(1, ALL, OTHER))) == [
        "members-agreement"
    ]


def test_what_the_first_server_has_just_decided_is_not_looked_at():
    assert breaches(("n1", Members(1, ALL, TWO)), ("n2", Members(1, ALL, OTHER))) == []
