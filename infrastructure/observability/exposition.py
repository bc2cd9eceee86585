"""The answer to a scrape: the counts of all server processes, and the condition of the system."""

import asyncio
import os
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from infrastructure.embedded.home import default_home
from infrastructure.observability.condition import Condition
from infrastructure.observability.counts_file import CountsFile
from infrastructure.observability.free_space import free_bytes
from infrastructure.observability.shared_folder import VARIABLE

NOT_KNOWN = float("nan")
READS_MAX = 5
READ_AGAIN_S = 0.02
"""The pause before a second read: the files of a process that has just started are empty for a moment."""


async def exposition(condition: Condition | None) -> bytes:
    """The answer in Prometheus's text format 0.0.4; `condition` is None while the store does not answer."""
    CountsFile.write_all()
    return await asyncio.to_thread(_exposition, condition)


def _exposition(condition: Condition | None) -> bytes:
    folder = os.environ[VARIABLE]
    _forget_dead_processes(Path(folder))
    registry = CollectorRegistry()
    if os.path.isdir(folder):
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    registry.register(_ConditionCollector(condition))
    for _ in range(READS_MAX - 1):
        try:
            return generate_latest(registry)
        except (struct.error, ValueError, OSError):
            time.sleep(READ_AGAIN_S)
    return generate_latest(registry)


def _forget_dead_processes(folder: Path) -> None:
    """Remove the gauges of dead processes; their counters stay, or sums would fall."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_running(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _is_running(pid: int) -> bool:
    """Whether a process of our own user has that id; another user's process got the id later."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class _ConditionCollector(Collector):
    """The metrics read from the store, the same in every process."""

    def __init__(self, condition: Condition | None) -> None:
        self._condition = condition

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("tallystick_store_up", "Whether the store answers", int(self._condition is not None))
        free = free_bytes(default_home())
        if free is not None:
            yield GaugeMetricFamily("tallystick_disk_free_bytes", "Room left under TALLYSTICK_HOME", free)
        yield CounterMetricFamily(
            "tallystick_counts_left_out",
            "Counts of the process that answers for which the disk had no room",
            CountsFile.left_out,
        )
        if self._condition is not None:
            yield from _families(self._condition)


def _families(condition: Condition) -> Iterator[Metric]:
    yield CounterMetricFamily("tallystick_store_position", "Position of the last event", condition.head)
    yield GaugeMetricFamily(
        "tallystick_store_closed", "Whether the store takes no payments", int(condition.closed_since is not None)
    )
    yield GaugeMetricFamily(
        "tallystick_clock_ahead_seconds",
        "How far the clock of the machine that answers is ahead of the database's",
        condition.machine.ahead_s,
    )
    yield GaugeMetricFamily(
        "tallystick_store_full", "Whether the database has no room to write", int(not condition.machine.has_room)
    )
    following = GaugeMetricFamily(
        "tallystick_standby_follows", "Whether a standby that commits may wait for follows", labels=["standby"]
    )
    for standby in condition.standbys:
        if standby.follows is not None:
            following.add_metric([standby.name], int(standby.follows))
    yield following
    yield GaugeMetricFamily("tallystick_operations_unresolved", "Without an outcome", condition.unresolved)
    yield GaugeMetricFamily(
        "tallystick_operations_unresolved_oldest_seconds",
        "Age of the oldest operation without an outcome",
        condition.oldest_unresolved_s or 0.0,
    )
    yield GaugeMetricFamily("tallystick_webhook_deliveries_waiting", "Not worked off yet", condition.waiting_deliveries)
    yield GaugeMetricFamily(
        "tallystick_webhook_deliveries_waiting_oldest_seconds",
        "Age of the oldest delivery that is not worked off",
        condition.oldest_delivery_s or 0.0,
    )
    yield GaugeMetricFamily(
        "tallystick_dead_letters_open", "Waiting for an operator, or for a retry", condition.open_dead_letters
    )
    refused = CounterMetricFamily(
        "tallystick_bus_messages_refused",
        "Messages on NATS that no relay of this store can have sent",
        labels=["reason"],
    )
    for refusal in condition.bus_refusals:
        refused.add_metric([refusal.reason], refusal.messages)
    yield refused
    if condition.backups.is_configured:
        yield GaugeMetricFamily(
            "tallystick_backup_base_age_seconds", "Age of the last base backup", _age_s(condition.backups.last_base_at)
        )
        yield GaugeMetricFamily(
            "tallystick_backup_verified_age_seconds",
            "Since a backup was last restored elsewhere and found good",
            _age_s(condition.backups.verified_at),
        )
    position = CounterMetricFamily(
        "tallystick_follower_position", "Position of the last event taken in", labels=["follower"]
    )
    lag_events = GaugeMetricFamily("tallystick_follower_lag_events", "Events not yet taken in", labels=["follower"])
    lag_s = GaugeMetricFamily(
        "tallystick_follower_lag_seconds", "Age of the oldest event not yet taken in", labels=["follower"]
    )
    active = GaugeMetricFamily("tallystick_follower_active", "Whether a worker moves it", labels=["follower"])
    failed = GaugeMetricFamily("tallystick_follower_failed", "Whether it cannot go on", labels=["follower"])
    for follower in condition.followers:
        labels = [follower.name]
        if follower.position is not None:
            position.add_metric(labels, follower.position)
        lag_events.add_metric(labels, _known(follower.lag_events))
        lag_s.add_metric(labels, _known(follower.lag_s))
        active.add_metric(labels, int(follower.active is not None))
        failed.add_metric(labels, int(follower.failure is not None))
    yield from (position, lag_events, lag_s, active, failed)


def _age_s(since: datetime | None) -> float:
    return NOT_KNOWN if since is None else (datetime.now(UTC) - since).total_seconds()


def _known(value: float | None) -> float:
    return NOT_KNOWN if value is None else value
