"""The metrics of a server process; the process that answers a scrape sums those of all.

Import this in the server process itself, never before it is forked: prometheus_client decides as it is imported,
by PROMETHEUS_MULTIPROC_DIR, whether processes add up.
"""

import os
import re
import time
from collections.abc import Awaitable
from functools import cache, partial
from typing import Final, TypeVar

from prometheus_client import Counter, Gauge, Histogram, values

from application.provider.port import Provider, ProviderRequest
from application.write.store import Append, AppendResult
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import Outcome
from infrastructure.observability.counts_file import CountsFile
from infrastructure.observability.instruments import Instruments
from infrastructure.postgres.event_store.store import Writer
from infrastructure.provider.circuit import CircuitState
from infrastructure.provider.wrapped import Call, WrappedProvider

# The library looks its file up by this name.
values.MmapedDict = CountsFile  # type: ignore[attr-defined,assignment]
# This process is not forked again. Told otherwise, the library asks the system for the process id at every count.
values.ValueClass = values.MultiProcessValue(process_identifier=partial(int, os.getpid()))  # type: ignore[no-untyped-call]

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COMMANDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
UNROUTED: Final = "unrouted"

REQUESTS = Counter("tallystick_http_requests", "HTTP requests answered", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "tallystick_http_request_seconds", "Until the last byte of the answer", ["route", "method"], buckets=SECONDS
)
PROVIDER_SECONDS = Histogram(
    "tallystick_provider_call_seconds", "Calls to a provider", ["provider", "call", "outcome"], buckets=SECONDS
)
CIRCUITS = Gauge(
    "tallystick_circuit_processes",
    "Processes whose circuit for a provider's operation is in this state; only those that ever changed are counted",
    ["provider", "operation", "state"],
    multiprocess_mode="livesum",
)
DELIVERIES = Counter(
    "tallystick_webhook_deliveries",
    "Providers' webhooks by what they were taken for; a refused one is kept, or only counted",
    ["provider", "result", "kept"],
)
APPENDS = Counter("tallystick_appends", "Commands that the writer answered", ["outcome"])
BATCH_COMMANDS = Histogram("tallystick_append_batch_commands", "Commands committed together", buckets=COMMANDS)
WAITING = Gauge("tallystick_append_waiting_commands", "Commands in the writers' queues", multiprocess_mode="livesum")
WAITING_MAX = Gauge(
    "tallystick_append_waiting_commands_max",
    "Commands that the writers' queues take before requests are refused",
    multiprocess_mode="livesum",
)

LOG_LINES_DROPPED = Counter("tallystick_log_lines_dropped", "Log lines that could not be written")

# Looked up once for each set of labels, not once for each request.
_count_of = cache(REQUESTS.labels)
_seconds_of = cache(REQUEST_SECONDS.labels)
_provider_seconds_of = cache(PROVIDER_SECONDS.labels)
_appends_of = cache(APPENDS.labels)
_deliveries_of = cache(DELIVERIES.labels)

T = TypeVar("T", Outcome, Outcome | None)


class MeasuredProvider(WrappedProvider):
    """A provider whose calls are timed, by outcome."""

    def __init__(self, provider: Provider, name: ProviderName) -> None:
        super().__init__(provider)
        self._name = name

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        return await _timed(self._name, "lookup", self._provider.lookup(request))

    async def _around(self, kind: OperationKind, call: Call) -> Outcome:
        return await _timed(self._name, kind, call())


class MeasuredWriter:
    """A writer whose results are counted, refusals included."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def append(self, append: Append) -> AppendResult:
        try:
            result = await self._writer.append(append)
        except Exception as error:
            _appends_of(_named(type(error).__name__)).inc()
            raise
        _appends_of(_named(type(result).__name__)).inc()
        return result


def note_request(*, route: str | None, method: str, status: int, seconds: float) -> None:
    """A route is its template: no id of anybody is a label."""
    known = method if method in METHODS else "other"
    _count_of(route or UNROUTED, known, status).inc()
    _seconds_of(route or UNROUTED, known).observe(seconds)


def note_batch(*, commands: int, waiting: int) -> None:
    BATCH_COMMANDS.observe(commands)
    WAITING.set(waiting)


def note_circuit(provider: ProviderName, kind: OperationKind, state: CircuitState) -> None:
    for each in CircuitState:
        CIRCUITS.labels(provider, kind, each).set(each is state)


def note_delivery(*, provider: ProviderName, result: str, kept: bool) -> None:
    _deliveries_of(provider, result, "yes" if kept else "no").inc()


def instruments(*, waiting_commands_max: int) -> Instruments:
    """The instruments of this server process, whose writer's queue takes so many commands."""
    WAITING_MAX.set(waiting_commands_max)
    return Instruments(
        provider=MeasuredProvider,
        writer=MeasuredWriter,
        batches=note_batch,
        circuits=note_circuit,
        deliveries=note_delivery,
    )


async def _timed(provider: str, call: str, answer: Awaitable[T]) -> T:
    started = time.perf_counter()
    outcome = await answer
    name = "never_seen" if outcome is None else _named(type(outcome).__name__)
    _provider_seconds_of(provider, call, name).observe(time.perf_counter() - started)
    return outcome


@cache
def _named(kind: str) -> str:
    """VersionConflict is counted as `version_conflict`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
