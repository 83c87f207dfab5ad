"""The machine may be busy: how long an example of a property test takes proves nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.rules import ReadingRules

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for flow_doubles
sys.path.insert(0, str(HERE.parent / "faults"))  # for board_model

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

from flow_doubles import Backend, Collector  # noqa: E402 - found by the line above


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def make_pool(backend, collector) -> Iterator:
    """Make pools that end with the test."""
    pools = []

    def make(**settings) -> WorkerPool:
        pools.append(
            WorkerPool(
                backend.open, ReadingRules(), collector.deliver, collector.report, PoolSettings(**settings)
            )
        )
        return pools[-1]

    yield make
    backend.release.set()
    for pool in pools:
        pool.close()
