"""A Dask cluster of this machine, as an executor."""

from __future__ import annotations

from contextlib import contextmanager

import pytest


@contextmanager
def dask_executor():
    """Two processes, on loopback; whoever has no Dask skips."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()
