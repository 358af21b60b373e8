"""What is known of a workload before it has a client: the entries of the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.workloads.parts.capabilities import Method
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.workload import Workload


@dataclass(frozen=True, slots=True)
class WorkloadKind:
    """A workload before it has a client.

    Attributes:
        name: as plans write it.
        description: one sentence for people.
        construct: makes the workload: ``construct(client, **options)``.
        options: its options, by name.
        methods: what it calls of a client.
        isolation: whether `construct` takes ``consistency``: the isolation level to judge by.
    """

    name: str
    description: str
    construct: Callable[..., Workload]
    options: Mapping[str, Option]
    methods: tuple[Method, ...]
    isolation: bool = False


def by_name(options: Sequence[Option]) -> dict[str, Option]:
    """Options by their names."""
    return {option.name: option for option in options}
