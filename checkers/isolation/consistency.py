"""Consistency models of transactions, as a lattice: which anomaly rules out which.

Names are Elle's and Jepsen's (jepsen.io/consistency), with Adya's levels as other names. A model is
ruled out by the anomalies that it forbids itself and by those that a weaker one forbids. Sources:

* levels PL-1 to PL-3, PL-2+, PL-CS, PL-FCV, PL-3U: Adya, "Weak Consistency: A Generalized Theory",
  MIT 1999, chapters 3 and 4;
* read atomic, update atomic, parallel snapshot isolation, prefix: Cerone, Bernardi and Gotsman, "A
  Framework for Transactional Consistency Models with Atomic Visibility", CONCUR 2015; monotonic
  atomic view: Bailis et al., "Highly Available Transactions", VLDB 2014;
* snapshot isolation as the absence of cycles without two rw in a row: Cerone and Gotsman,
  "Analysing Snapshot Isolation", PODC 2016;
* strong session forms: Daudjee and Salem, "Lazy Database Replication with Ordering Guarantees",
  ICDE 2004; strong forms add real time. With linearizable keys: real time among transactions that
  touch the same key, which is what single-key operations of etcd or CockroachDB promise beside
  serializability.

A model here speaks of sessions only if its name says so, or if it is causal consistency or below,
which mean nothing without. "Not refuted" is what a finite history can say in a model's favor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from splitbrain.checkers.nearest import suggestion

_SUFFIXED = {
    "read-uncommitted": ("G0",),
    "read-committed": ("G1c",),
    "consistent-view": ("G-single", "G-single-predicate"),
    "snapshot-isolation": ("G-nonadjacent", "G-nonadjacent-predicate"),
    "serializable": ("G2-item", "G2"),
}
# Models that have strong-session and strong forms, and the kinds that these forbid with a suffix.


@dataclass(frozen=True, slots=True)
class ConsistencyModel:
    """One model.

    Attributes:
        name: its name.
        weaker: models that it implies, the next ones down.
        forbids: anomalies that rule it out, besides those of weaker models.
        aliases: other names.
    """

    name: str
    weaker: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


_PLAIN = (
    ConsistencyModel(
        "read-uncommitted",
        (),
        ("G0", "duplicate-elements", "cyclic-versions", "garbage", "future-read"),
        ("PL-1",),
    ),
    ConsistencyModel(
        "read-committed",
        ("read-uncommitted",),
        ("G1a", "G1b", "G1c", "dirty-update", "incompatible-order", "append-order"),
        ("PL-2",),
    ),
    ConsistencyModel("monotonic-view", ("read-committed",), (), ("PL-2L",)),
    ConsistencyModel(
        "monotonic-atomic-view", ("monotonic-view",), ("non-monotonic-reads",), ("MAV",)
    ),
    ConsistencyModel(
        "read-atomic", ("monotonic-atomic-view",), ("internal", "fractured-read"), ("RA",)
    ),
    ConsistencyModel("update-atomic", ("read-atomic",), ("lost-update",)),
    ConsistencyModel("cursor-stability", ("read-committed",), (), ("PL-CS",)),
    ConsistencyModel("monotonic-snapshot-read", ("monotonic-view",), (), ("PL-MSR",)),
    ConsistencyModel(
        "consistent-view",
        ("cursor-stability", "monotonic-view"),
        ("G-single", "G-single-item", "G-single-predicate", "lost-update"),
        ("PL-2+",),
    ),
    ConsistencyModel("forward-consistent-view", ("consistent-view",), (), ("PL-FCV",)),
    ConsistencyModel(
        "parallel-snapshot-isolation", ("update-atomic", "consistent-view"), (), ("PSI",)
    ),
    ConsistencyModel("prefix", ("read-atomic",), ("long-fork",), ("consistent-prefix",)),
    ConsistencyModel(
        "snapshot-isolation",
        (
            "forward-consistent-view",
            "monotonic-snapshot-read",
            "parallel-snapshot-isolation",
            "prefix",
        ),
        (
            "G-nonadjacent",
            "G-nonadjacent-item",
            "G-nonadjacent-predicate",
            "not-snapshot-isolated",
        ),
        ("SI",),
    ),
    ConsistencyModel(
        "repeatable-read",
        ("cursor-stability", "monotonic-atomic-view"),
        (
            "G2-item",
            "G-nonadjacent-item",
            "G-single-item",
            "G-nonadjacent",
            "G-single",
            "lost-update",
            "internal",
            "write-skew",
        ),
        ("PL-2.99",),
    ),
    ConsistencyModel("update-serializable", ("forward-consistent-view",), (), ("PL-3U",)),
    ConsistencyModel(
        "serializable",
        ("repeatable-read", "update-serializable", "snapshot-isolation"),
        ("G2", "not-serializable"),
        ("PL-3", "1SR"),
    ),
    ConsistencyModel("monotonic-reads", (), ("monotonic-reads",), ("MR",)),
    ConsistencyModel("monotonic-writes", (), ("monotonic-writes",), ("MW",)),
    ConsistencyModel("read-your-writes", (), ("read-your-writes",), ("RYW",)),
    ConsistencyModel("writes-follow-reads", (), ("writes-follow-reads",), ("WFR",)),
    ConsistencyModel(
        "causal",
        (
            "read-atomic",
            "monotonic-reads",
            "monotonic-writes",
            "read-your-writes",
            "writes-follow-reads",
        ),
        ("causality-violation",),
        ("causal-cerone", "transactional-causal-consistency"),
    ),
)

_MORE_ALIASES = {
    "strong-session-snapshot-isolation": ("strong-session-PL-SI", "strong-session-SI"),
    "strong-session-serializable": ("strong-session-PL-3",),
    "strong-session-read-uncommitted": ("strong-session-PL-1",),
    "strong-session-read-committed": ("strong-session-PL-2",),
    "strong-read-uncommitted": ("strong-PL-1",),
    "strong-read-committed": ("strong-PL-2",),
    "strong-snapshot-isolation": ("strong-PL-SI", "strong-SI"),
    "strong-serializable": ("strict-serializable", "PL-SS", "strong-PL-3", "strong-1SR"),
}


_WITH_LINEARIZABLE_KEYS = "-with-linearizable-keys"


def _with_linearizable_keys() -> Iterator[ConsistencyModel]:
    """Models in which real time counts among those who touch the same key.

    One order explains everything: of two transactions with a key in common, of which one had
    completed when the other was invoked, it has that one first.
    """
    forbids: tuple[str, ...] = ()
    weaker: tuple[str, ...] = ()
    for name, kinds in _SUFFIXED.items():
        forbids += tuple(f"{kind}-per-key" for kind in kinds if "predicate" not in kind)
        if name == "snapshot-isolation":
            forbids += ("not-snapshot-isolated-per-key",)
        if name == "serializable":
            forbids += ("not-serializable-per-key",)
        if name in ("snapshot-isolation", "serializable"):
            made = name + _WITH_LINEARIZABLE_KEYS
            yield ConsistencyModel(made, (name, *weaker), forbids)
            weaker = (made,)


def _strengthened(form: str, suffix: str, below: str) -> Iterator[ConsistencyModel]:
    """A form of the models that have one: ``form`` and ``below`` are prefixes of names."""
    previous: tuple[str, ...] = ()
    for name, kinds in _SUFFIXED.items():
        weaker = (*previous, below + name)
        if form == "strong-session-" and name == "snapshot-isolation":
            weaker += ("causal",)
        if form == "strong-" and name in ("snapshot-isolation", "serializable"):
            weaker += (name + _WITH_LINEARIZABLE_KEYS,)
        made = form + name
        forbids = tuple(kind + suffix for kind in kinds)
        # What a complete search refutes has a name of its own: there may be no single cycle.
        if name == "serializable":
            forbids += (f"not-serializable{suffix}",)
        if name == "snapshot-isolation":
            forbids += (f"not-snapshot-isolated{suffix}",)
        yield ConsistencyModel(made, weaker, forbids, _MORE_ALIASES.get(made, ()))
        previous = (made,)


MODELS: dict[str, ConsistencyModel] = {
    model.name: model
    for model in (
        *_PLAIN,
        *_strengthened("strong-session-", "-process", ""),
        *_with_linearizable_keys(),
        *_strengthened("strong-", "-realtime", "strong-session-"),
    )
}
"""All models by name, weaker before stronger."""

STRONGEST = "strong-serializable"

PER_KEY_MODELS = frozenset(name for name in MODELS if name.endswith(_WITH_LINEARIZABLE_KEYS))
"""Models in which real time counts key by key; they are looked at only if they are asked for."""

SESSION_KINDS = frozenset(
    {
        "causality-violation",
        "monotonic-reads",
        "monotonic-writes",
        "read-your-writes",
        "writes-follow-reads",
    }
)
"""Anomalies of models that speak of sessions without being a strong form."""

DECIDED_BY_ORDERS = frozenset(
    {
        *(
            form + level
            for form in ("", "strong-session-", "strong-")
            for level in ("read-uncommitted", "read-committed")
        ),
        "monotonic-atomic-view",
        "read-atomic",
        "causal",
        "monotonic-reads",
        "monotonic-writes",
        "read-your-writes",
        "writes-follow-reads",
    }
)
"""Weak models that hold if there are orders of dependencies and commits as they ask for.

The others that are weaker than serializable and snapshot isolation are judged by the anomalies that
refute them, and the absence of these proves nothing more.
"""

_ALIASES = {
    alias.lower(): model.name for model in MODELS.values() for alias in (model.name, *model.aliases)
}


def model_named(name: str) -> ConsistencyModel:
    """The model with a name or an alias (in any case).

    Raises:
        ValueError: there is none; the message has the nearest names.
    """
    found = _ALIASES.get(name.lower().replace("_", "-").replace(" ", "-"))
    if found is None:
        raise ValueError(f"no consistency model {name!r}: {suggestion(name, _ALIASES)}")
    return MODELS[found]


@cache
def implied(name: str) -> frozenset[str]:
    """Names of a model and of all that are weaker."""
    model = MODELS[name]
    return frozenset((name,)).union(*(implied(weaker) for weaker in model.weaker))


@cache
def forbidden(name: str) -> frozenset[str]:
    """All anomalies that rule a model out."""
    return frozenset(kind for model in implied(name) for kind in MODELS[model].forbids)


def refuted_by_search(name: str) -> str:
    """The anomaly that there is no order at all, of a model that asks for one; else empty."""
    return next((kind for kind in MODELS[name].forbids if kind.startswith("not-")), "")


@dataclass(frozen=True, slots=True)
class Standing:
    """What some anomalies leave of the lattice.

    Attributes:
        ruled_out: the weakest models that are ruled out, and with them all stronger ones.
        also_ruled_out: those.
        strongest: the strongest models that are not ruled out.
    """

    ruled_out: tuple[str, ...]
    also_ruled_out: tuple[str, ...]
    strongest: tuple[str, ...]

    def next_up(self) -> tuple[str, ...]:
        """The weakest models ruled out among those stronger than the strongest not refuted."""
        refuted = (*self.ruled_out, *self.also_ruled_out)
        above = [m for m in refuted if any(s in implied(m) for s in self.strongest)] or refuted
        return tuple(m for m in above if not any(o != m and o in implied(m) for o in above))


def standing(kinds: Iterable[str]) -> Standing:
    """What these kinds of anomalies rule out, and the strongest models that they leave."""
    found = frozenset(kinds)
    models = [name for name in MODELS if name not in PER_KEY_MODELS]
    refuted = [name for name in models if forbidden(name) & found]
    left = [name for name in models if name not in refuted]
    weakest = tuple(m for m in refuted if not any(o != m and o in implied(m) for o in refuted))
    strongest = tuple(m for m in left if not any(o != m and m in implied(o) for o in left))
    return Standing(weakest, tuple(m for m in refuted if m not in weakest), strongest)
