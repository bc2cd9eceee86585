"""`webhooks`: a provider's deliveries sent through the HTTP API as fast as it takes them, and worked off meanwhile.

Most say what is known, or repeat one before; a share settles payments that wait for their customer. The rate counts
from the first delivery sent until the last is worked off, with API, worker, Postgres, NATS, simulator and sender on
the same two cores.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec
from msgspec import Struct
from rich.table import Table

from application.write.store import Append
from domain.identifiers import MerchantId, OperationId, PaymentId
from interfaces import ids
from interfaces.composition import SIMULATOR, Core, view_connection
from interfaces.runtime.supervisor import Stack
from projections.engine.checkpoint import positions
from projections.provider.operations import PROVIDER_OPERATIONS
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.deliveries import Post, Posted, send
from tests.benchmarks.processes import cpu_s, roots
from tests.benchmarks.rounds import percentile
from tests.support.charges import charge
from tests.support.notary import News, NotarizedStack

TARGET_PER_S = 1_000
SETTLING, REPEATED = 0.1, 0.2
"""Shares of the deliveries; the others say what is known."""
MERCHANT = MerchantId("mer_bench")
DRAINED_WITHIN_S = 60.0
_POLL_S = 0.02
_WAITING = "SELECT count(*) FROM webhook_delivery WHERE state = 'waiting'"
_RESULTS = "SELECT state, split_part(result, ' ', 1), count(*) FROM webhook_delivery GROUP BY 1, 2 ORDER BY 3 DESC"


class Charge(Struct, frozen=True, kw_only=True):
    """A payment that was made directly in the store; `is_waiting` for its customer, or captured."""

    attempt_id: OperationId
    reference: str
    is_waiting: bool


def run(bench: Bench) -> Report:
    deliveries = 4_000 if bench.quick else 30_000
    with NotarizedStack(Path(tempfile.mkdtemp(dir=bench.folder))) as stack:
        bench.say(f"webhooks: making {deliveries} deliveries, and the payments that they are about …")
        asyncio.run(_warm_up(stack))
        bodies = _bodies(asyncio.run(_charges(stack, deliveries)), deliveries)
        parts = roots(stack)
        before = cpu_s(parts)
        posted, drained_s, results = asyncio.run(_sent_and_drained(stack, bodies))
        used = {name: spent - before[name] for name, spent in cpu_s(parts).items()}
    return _report(posted, posted.seconds + drained_s, {**used, "sender": posted.cpu_s}, results)


def _report(posted: Posted, seconds: float, used: dict[str, float], results: dict[str, int]) -> Report:
    deliveries = sum(posted.statuses.values())
    table = Table(title="Deliveries, and CPU milliseconds a delivery by process", title_justify="left")
    for name in ("deliveries", "taken in", "worked off", "p50 ms", "p99 ms", *used):
        table.add_column(name, justify="right")
    table.add_row(
        f"{deliveries:,}",
        f"{deliveries / posted.seconds:,.0f}/s",
        f"{deliveries / seconds:,.0f}/s",
        f"{percentile(posted.latencies_ms, 50):.1f}",
        f"{percentile(posted.latencies_ms, 99):.1f}",
        *(f"{spent * 1000 / deliveries:.2f}" for spent in used.values()),
    )
    figures = {
        "deliveries_per_s": round(deliveries / seconds),
        "taken_in_per_s": round(deliveries / posted.seconds),
        "p50_ms": round(percentile(posted.latencies_ms, 50), 1),
        "p99_ms": round(percentile(posted.latencies_ms, 99), 1),
    }
    notes = [f"what came of them: {results}"]
    if set(posted.statuses) != {200}:
        notes.append(f"missed: not every delivery was taken in: {posted.statuses}")
    if figures["deliveries_per_s"] < TARGET_PER_S:
        notes.append(f"missed: {figures['deliveries_per_s']} a second is under {TARGET_PER_S}")
    return Report(table, figures, tuple(notes))


def _bodies(charges: list[Charge], deliveries: int) -> list[str]:
    """The waiting ones' captures and the others' old news, in any order, with some of them twice."""
    choose = random.Random(1)
    repeated = int(deliveries * REPEATED)
    news = [
        News(id=uuid4().hex, about="capture", operation_id=each.attempt_id, reference=each.reference)
        for each in charges
    ]
    bodies = [msgspec.json.encode(each).decode() for each in news[: deliveries - repeated]]
    bodies += choose.choices(bodies, k=repeated)
    choose.shuffle(bodies)
    return bodies


async def _charges(stack: Stack, deliveries: int) -> list[Charge]:
    """One for each delivery that repeats no other, known to the view by which they are found."""
    new = deliveries - int(deliveries * REPEATED)
    charges = [
        Charge(
            attempt_id=OperationId(uuid4()),
            reference=f"ch_{number}",
            is_waiting=number < deliveries * SETTLING,
        )
        for number in range(new)
    ]
    async with Core(stack.settings) as core:
        for start in range(0, new, 500):
            await asyncio.gather(*(core.store.append(_append(each)) for each in charges[start : start + 500]))
        head = await core.store.head()
        async with await view_connection(stack.settings) as connection:
            while True:
                if (await positions(connection, [PROVIDER_OPERATIONS]))[PROVIDER_OPERATIONS.name] >= head:
                    break
                await asyncio.sleep(_POLL_S)
    return charges


def _append(each: Charge) -> Append:
    payment_id = PaymentId(ids.new_uuid())
    return charge(payment_id, each.attempt_id, each.reference, MERCHANT, is_waiting=each.is_waiting)


async def _warm_up(stack: Stack) -> None:
    """Code that has run once, and connections that are open."""
    await _sent_and_drained(stack, [msgspec.json.encode(News(id="warm", about="customer.created")).decode()] * 200)


async def _sent_and_drained(stack: Stack, bodies: list[str]) -> tuple[Posted, float, dict[str, int]]:
    """With the seconds from the last answer until no delivery waited any more, and what came of all of them.

    Raises TimeoutError.
    """
    post = Post(url=stack.url, path=f"/v1/provider_webhooks/{SIMULATOR}", bodies=bodies)
    async with Core(stack.settings) as core, core.pool.connection() as connection:
        posted = await asyncio.to_thread(send, post)
        answered = time.perf_counter()
        async with asyncio.timeout(DRAINED_WITHIN_S):
            while True:
                [(waiting,)] = await (await connection.execute(_WAITING)).fetchall()
                if not waiting:
                    break
                await asyncio.sleep(_POLL_S)
        drained_s = time.perf_counter() - answered
        rows = await (await connection.execute(_RESULTS)).fetchall()
    return posted, drained_s, {f"{state} {result}": count for state, result, count in rows}
