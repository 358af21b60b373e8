"""Compiled or interpreted, kernels are the same program."""

import random

import pytest
from isolation_twin import random_history

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation import list_append, rw_register
from splitbrain.checkers.isolation.kernels import graphs

pytestmark = pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")


def test_small_work_is_interpreted_and_large_work_is_compiled(monkeypatch):
    monkeypatch.delenv(kernels.SWITCH, raising=False)
    assert kernels.of(graphs, size=10) is graphs
    assert kernels.of(graphs, size=10**6) is kernels.compiled(graphs)


def test_the_switch_decides(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, "interpreted")
    assert kernels.of(graphs, size=10**6) is graphs
    monkeypatch.setenv(kernels.SWITCH, "compiled")
    assert kernels.of(graphs, size=1) is kernels.compiled(graphs)


def test_without_numba_everything_is_interpreted(monkeypatch):
    monkeypatch.setattr(kernels, "numba_installed", lambda: False)
    assert kernels.of(graphs, size=10**6) is graphs


CHECKERS = [
    (list_append(), False),
    (list_append("causal"), False),
    (rw_register(initial=True, sequential_keys=True, linearizable_keys=True), True),
    (rw_register("read-atomic", initial=True), True),
]


@pytest.mark.parametrize(("checker", "registers"), CHECKERS)
def test_verdicts_are_equal_byte_for_byte(monkeypatch, checker, registers):
    rng = random.Random(f"kernels {checker}")
    for _ in range(60):
        history = random_history(rng, registers)
        monkeypatch.setenv(kernels.SWITCH, "interpreted")
        interpreted = checker.check(history).to_json()
        monkeypatch.setenv(kernels.SWITCH, "compiled")
        assert checker.check(history).to_json() == interpreted
