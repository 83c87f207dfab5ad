"""The machine may be busy: how long an example of a property test takes proves nothing."""

from collections.abc import Iterator

import pytest
from flow_doubles import Backend, Collector

from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.reading.rules import ReadingRules


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
