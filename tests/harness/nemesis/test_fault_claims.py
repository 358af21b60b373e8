"""Whether faults stay within what a system claims to tolerate."""

import pytest

from splitbrain.harness.nemesis.claims import Claims, most_down, regime
from splitbrain.harness.plan import Fault, InvalidPlan

EVERYTHING = ("member", "process", "net", "clock", "scenario")


def kill(at, duration, target="one"):
    return Fault("process.kill", at, duration, target)


@pytest.mark.parametrize(
    ("faults", "down"),
    [
        ([], 0),
        ([kill(1, 1)], 1),
        ([kill(1, 1), kill(3, 1)], 1),
        ([kill(1, 1), kill(1.5, 1)], 2),
        ([kill(1, 1), kill(2, 1)], 2),  # the second starts the moment the first ends
        ([kill(1, 1, "minority")], 2),
        ([kill(1, 1, "majority")], 3),
        ([kill(1, 1, "followers")], 4),
        ([kill(1, 1, "all"), kill(1, 1, "all")], 5),
        ([kill(1, 1, "n1"), kill(1.5, 1, "n1")], 1),
        ([kill(1, 1, "n1"), kill(1.5, 1, "n2,n1")], 2),
        ([kill(1, 1, "n1"), kill(1.5, 1, "leader")], 2),
        ([Fault("process.power_loss", 1, 1, "majority")], 3),
        ([Fault("scenario.figure8", 1, 5, "leader"), kill(2, 1)], 2),
        ([Fault("process.pause", 1, 1, "all"), Fault("net.partition", 1, 1, "all")], 0),
    ],
)
def test_the_most_servers_that_may_be_down_at_once(faults, down):
    assert most_down(faults, nodes=5) == down


@pytest.mark.parametrize(
    ("faults", "claims", "expected"),
    [
        ([], Claims(()), "survivable"),
        ([kill(1, 1, "minority")], Claims(EVERYTHING), "survivable"),
        ([kill(1, 1, "majority")], Claims(EVERYTHING), "beyond"),
        ([kill(1, 1, "majority")], Claims(EVERYTHING, max_down="all"), "survivable"),
        ([kill(1, 1)], Claims(EVERYTHING, max_down=0), "beyond"),
        ([kill(1, 1), kill(1, 1)], Claims(EVERYTHING, max_down=1), "beyond"),
        ([kill(1, 1)], Claims(("network",)), "beyond"),
        ([Fault("net.loss", 1, 1)], Claims(("network",)), "survivable"),
        ([Fault("process.power_loss", 1, 1)], Claims(("kill", "net")), "beyond"),
        ([Fault("process.pause", 1, 1, "all")], Claims(EVERYTHING), "survivable"),
    ],
)
def test_the_regime(faults, claims, expected):
    assert regime(faults, 5, claims) == expected


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"kinds": ("kil",)}, "did you mean kill"),
        ({"kinds": ("all",)}, "claims name families of faults"),
        ({"kinds": (), "max_down": "most"}, "max_down is 'most'"),
        ({"kinds": (), "max_down": -1}, "max_down is -1"),
    ],
)
def test_claims_that_make_no_sense_are_refused(arguments, complaint):
    with pytest.raises(InvalidPlan) as raised:
        Claims(**arguments)

    assert complaint in str(raised.value)


def test_claims_read_as_a_sentence():
    assert str(Claims(("process", "net"))) == (
        "tolerates process, net, with at most minority of the servers down at once"
    )
    assert str(Claims(("kill", "pause"), 1)) == "tolerates kill, pause, with at most 1 down at once"


def test_a_family_that_is_not_named_is_not_claimed():
    assert regime([Fault("clock.bump", 1, 1)], 3, Claims(("process", "net"))) == "beyond"


def test_who_claims_nothing_is_in_no_regime():
    assert regime([kill(1, 1, "all")], 3, None) is None


def test_who_survives_a_kill_survives_being_told_to_end():
    terminated = [Fault("process.terminate", 1.0, 0.5, "n1", id="f1")]
    assert Claims(("process",)).tolerates("process.terminate")
    assert regime(terminated, 3, Claims(("process",))) == "survivable"
    assert regime(terminated, 3, Claims(("net",))) == "beyond"
    lost = [Fault("disk.empty", 1.0, 0.5, "n1", id="f1")]
    assert regime(lost, 3, Claims(("process", "disk"))) == "beyond"
