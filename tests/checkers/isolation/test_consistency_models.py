"""The lattice of consistency models."""

import pytest

from splitbrain.checkers.isolation.consistency import (
    MODELS,
    STRONGEST,
    forbidden,
    implied,
    model_named,
    standing,
)


def test_every_model_is_below_the_strongest():
    assert implied(STRONGEST) == frozenset(MODELS)


def test_weaker_models_come_before_stronger_ones():
    seen: set[str] = set()
    for model in MODELS.values():
        assert set(model.weaker) <= seen
        seen.add(model.name)


@pytest.mark.parametrize(
    ("model", "weaker"),
    [
        ("serializable", "snapshot-isolation"),
        ("serializable", "repeatable-read"),
        ("snapshot-isolation", "read-atomic"),
        ("strong-session-snapshot-isolation", "causal"),
        ("strong-snapshot-isolation", "strong-session-snapshot-isolation"),
        ("parallel-snapshot-isolation", "consistent-view"),
    ],
)
def test_known_implications(model, weaker):
    assert weaker in implied(model)


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("snapshot-isolation", "repeatable-read"),
        ("repeatable-read", "snapshot-isolation"),
        ("snapshot-isolation", "causal"),
        ("serializable", "strong-session-read-committed"),
    ],
)
def test_known_independence(model, other):
    assert other not in implied(model)


@pytest.mark.parametrize(
    ("kind", "weakest"),
    [
        ("G0", {"read-uncommitted"}),
        ("G1a", {"read-committed"}),
        ("G1c", {"read-committed"}),
        ("G-single", {"consistent-view", "repeatable-read"}),
        ("G-nonadjacent", {"snapshot-isolation", "repeatable-read"}),
        ("G2-item", {"repeatable-read"}),
        ("G2", {"serializable"}),
        ("G0-realtime", {"strong-read-uncommitted"}),
        ("G-single-process", {"strong-session-consistent-view"}),
        ("G2-item-realtime", {"strong-serializable"}),
        ("lost-update", {"update-atomic", "consistent-view", "repeatable-read"}),
    ],
)
def test_the_weakest_models_an_anomaly_rules_out(kind, weakest):
    assert set(standing([kind]).ruled_out) == weakest


def test_nothing_is_ruled_out_without_anomalies():
    assert standing([]).strongest == (STRONGEST,)
    assert standing([]).ruled_out == ()


def test_anomalies_of_weaker_models_count_against_stronger_ones():
    assert forbidden("read-committed") < forbidden("serializable") < forbidden(STRONGEST)


def test_the_next_one_up_is_the_weakest_refuted_above_the_strongest_left():
    assert standing(["G2-item"]).next_up() == ("serializable",)
    assert standing(["G2-item-realtime"]).next_up() == ("strong-serializable",)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("PL-3", "serializable"),
        ("strict-serializable", "strong-serializable"),
        ("SI", "snapshot-isolation"),
        ("Read Committed", "read-committed"),
        ("PL-2.99", "repeatable-read"),
        ("PL-SS", "strong-serializable"),
    ],
)
def test_aliases(alias, name):
    assert model_named(alias).name == name
