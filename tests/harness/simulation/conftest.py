"""What the tests of simulated worlds share."""

from __future__ import annotations

import pytest

from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.trio_runs import GuestRun
from splitbrain.harness.simulation.world import World


@pytest.fixture(params=[DirectRun, GuestRun], ids=["direct", "guest"])
def both_ways_of_driving_nodes(request, monkeypatch):
    """What uses this holds under our stepper and under trio's own guest mode alike."""
    monkeypatch.setitem(World.__init__.__kwdefaults__, "make_run", request.param)
