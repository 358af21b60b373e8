"""Names and addresses that are filled in, in the simulation and on this machine."""

from types import SimpleNamespace

import pytest

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.processes.network.ports import Addresses
from splitbrain.harness.programs.templates import OnThisMachine, Simulated, filled, ports_in

NODE = SimpleNamespace(name="n1", peers=("n2", "n3"))
ADDRESSES = Addresses(
    {"8000": 11, "8080": 12},
    {("n1", "8080"): 12, ("n2", "8080"): 22, ("n3", "8080"): 32, ("n2", "8000"): 21},
)


@pytest.mark.parametrize(
    ("text", "simulated", "real"),
    [
        ("{name} of {peers}", "n1 of n2,n3", "n1 of n2,n3"),
        ("--port {port}", "--port 8000", "--port 11"),
        ("{port:8080}", "8080", "12"),
        ("{addresses:8080}", "n2:8080,n3:8080", "127.0.0.1:22,127.0.0.1:32"),
        ("{dir}/log", "./log", "/data/n1/log"),
        ('{"json": {}} {other} {name', '{"json": {}} {other} {name', '{"json": {}} {other} {name'),
        (8080, 8080, 8080),
    ],
)
def test_what_is_filled_in(text, simulated, real):
    assert filled(text, Simulated(NODE)) == simulated
    assert filled(text, OnThisMachine(NODE, ADDRESSES, "/data/n1")) == real


def test_which_ports_texts_name():
    assert ports_in(["{port}", "{addresses:raft}", 7, "{name} {port:raft} {port:8080}"]) == (
        "8000",
        "raft",
        "8080",
    )


def test_a_port_of_the_simulation_is_a_number():
    with pytest.raises(InvalidPlan, match="port 'raft': in simulation a port is a number"):
        filled("{port:raft}", Simulated(NODE))


def test_an_address_that_nobody_has_is_told():
    with pytest.raises(InvalidPlan, match=r"nobody listens on port 80 of n2: .*\{port:80\}"):
        OnThisMachine(NODE, ADDRESSES, "").address("n2", "80")
