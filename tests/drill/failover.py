"""A primary, or its standby, killed, hung or cut off under load; the standby promoted; the former primary revived."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg

from application.write.store import Append, Appended, StoreUnavailable
from infrastructure.embedded.failover import promote
from infrastructure.embedded.ports import LOOPBACK, free_port
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.primary import Address
from infrastructure.embedded.standby import EmbeddedStandby
from infrastructure.postgres.connection.connecting import BoundedConnection
from interfaces.runtime.settings import VARIABLES
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import Load, shopping
from tests.crash.system import crashable_stack, descendants
from tests.drill.part import Figures, Part
from tests.support.replicas import a_primary, be_awaited, standby_of
from tests.support.severable import Wire, wires
from tests.support.store import created, open_committer

SEEDS = 20
RTO_S_MAX = 10.0
ANSWERS_BEFORE = 12
ANSWERS_AFTER = 12
PROBED_WITHIN_S = 2.0
FAULTS = tuple((who, how) for how in ("killed", "hung", "cut off") for who in ("primary", "standby"))


class Node(NamedTuple):
    """A server, as it runs now; the wire of its clients, and the one on which a standby follows it."""

    server: EmbeddedPostgres
    wire: Wire
    link: Wire

    @property
    def address(self) -> Address:
        return Address(LOOPBACK, self.link.port)


class Run(NamedTuple):
    """What one failover showed."""

    rto_s: float
    writers_beside: int


class Rehearsal:
    """The two servers, which exchange their parts with each failover."""

    def __init__(self, stack: Stack, primary: Node, standby: Node, operator: ThreadPoolExecutor) -> None:
        self._stack = stack
        self.primary = primary
        self.standby = standby
        self._operator = operator

    async def fail_over(self, load: Load, seed: int) -> Run:
        choose = random.Random(seed)
        who, how = FAULTS[(seed - 1) % len(FAULTS)]
        begun = time.monotonic()
        await load.until(ANSWERS_BEFORE)
        if who == "standby":
            async with self._faulty(self.standby, how):
                await asyncio.sleep(choose.uniform(0.1, 0.5))
            await load.until(ANSWERS_BEFORE)
            run = await self._taken_over(load, beside=False)
        else:
            async with self._faulty(self.primary, how):
                await asyncio.sleep(choose.uniform(0, 0.3))
                # One that is only cut off, or will be back, serves those on its side.
                run = await self._taken_over(load, beside=how == "cut off")
            run = run._replace(writers_beside=run.writers_beside + await self._writers_at(self.primary))
        await load.until(ANSWERS_AFTER)
        await self._exchange()
        took_s = time.monotonic() - begun
        print(f"  seed {seed}: {who} {how}, back after {run.rto_s:.1f} s, all done in {took_s:.0f} s", flush=True)
        return run

    async def _taken_over(self, load: Load, *, beside: bool) -> Run:
        begun = time.monotonic()
        await self._by_operator(_promote, self.standby.server.home)
        writers, _ = await asyncio.gather(self._writers_at(self.primary) if beside else _none(), load.until(1))
        return Run(time.monotonic() - begun, writers)

    async def _writers_at(self, node: Node) -> int:
        """How many are told by the former primary that something is written: one who knows of no epoch, and one who
        asks as our processes do. Neither knows of another server."""
        return sum(await asyncio.gather(_is_written_by_hand(node.server.url), _is_written_by_us(node.server.url)))

    async def _exchange(self) -> None:
        """The former primary comes back as the standby of the new one, wound back."""
        former, self.primary = self.primary, self.standby
        self.standby = await self._by_operator(_rejoined, former, self.primary)
        await self.be_awaited()

    async def be_awaited(self) -> None:
        assert isinstance(self.standby.server, EmbeddedStandby)
        await be_awaited(self.standby.server)

    @asynccontextmanager
    async def _faulty(self, node: Node, how: str) -> AsyncIterator[None]:
        """Afterwards it runs, and is reached, as before."""
        if how == "killed":
            node.server.kill()
            yield
            if node is self.primary:
                # As somebody starts it who knows of no failover.
                self.primary = node._replace(server=EmbeddedPostgres(node.server.home, port=node.server.port))
                node = self.primary
            await self._by_operator(node.server.start)
        elif how == "hung":
            processes = {node.server.pid, *descendants(node.server.pid)}
            _signal(processes, signal.SIGSTOP)
            try:
                yield
            finally:
                _signal(processes, signal.SIGCONT)
        else:
            severed = (node.wire, self.primary.link)
            for wire in severed:
                wire.sever()
            try:
                yield
            finally:
                for wire in severed:
                    wire.mend()

    async def _by_operator(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._operator, work, *arguments)


_WRITE = """
SELECT append_commands(
    ARRAY[ROW(id, 1, 1, 'payment.created.v1', '\\x7b7d')::event_part], ARRAY[ROW(id, 0, 1)::stream_part],
    '{}', '{}', '{}'
) FROM (SELECT %s::uuid) AS new (id)
"""


async def _is_written_by_hand(url: str) -> bool:
    with suppress(psycopg.Error):
        # Which sends no cancel request: that would end the wait for the standby.
        connection = await BoundedConnection.connect(url, autocommit=True, connect_timeout=2)
        connection.answers_within_s = PROBED_WITHIN_S
        async with connection:
            await connection.execute(_WRITE, (uuid4(),))
            return True
    return False


async def _is_written_by_us(url: str) -> bool:
    async with open_committer(url) as committer:
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(PROBED_WITHIN_S):
                return isinstance(await committer.append(Append(events=(created(uuid4()),))), Appended)
    return False


def _promote(home: Path) -> int:
    return promote(home, accept_loss=False, tell=lambda _: None)


def _rejoined(former: Node, primary: Node) -> Node:
    former.server.stop()
    server = EmbeddedStandby(
        former.server.home, name=former.server.home.name, primary=[primary.address], port=former.server.port
    )
    server.start()
    return former._replace(server=server)


async def _none() -> int:
    return 0


def _signal(processes: set[int], number: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def rehearse(folder: Path, seed: int, *, failovers: int = SEEDS) -> Figures:
    with a_rehearsal(folder) as (stack, rehearsal):
        runs, lost = asyncio.run(_fail_over_all(stack, rehearsal, range(seed, seed + failovers)))
    return {
        "failover_rpo_events": lost,
        "failover_rto_s_max": round(max(run.rto_s for run in runs), 1),
        "split_brain": sum(run.writers_beside for run in runs),
    }


async def _fail_over_all(stack: Stack, rehearsal: Rehearsal, seeds: range) -> tuple[list[Run], int]:
    await rehearsal.be_awaited()
    runs = []
    async with shopping(stack, seeds[0]) as load:
        for seed in seeds:
            runs.append(await rehearsal.fail_over(load, seed))
    lost = _missing(rehearsal.primary.server, load)
    await assert_every_promise_holds(stack)
    return runs, lost


def _missing(primary: EmbeddedPostgres, load: Load) -> int:
    """How many of the answers that merchants were given the primary does not know, byte for byte."""
    with psycopg.connect(primary.superuser_url) as connection:
        stored: Mapping[str, bytes] = dict(
            connection.execute("SELECT key, body FROM operation_claim WHERE key IS NOT NULL AND body IS NOT NULL")
        )
    return sum(bytes(stored.get(told.key, b"")) != told.reply.body for told in load.shopper.told)


@contextmanager
def a_rehearsal(folder: Path) -> Iterator[tuple[Stack, Rehearsal]]:
    """The whole system over two servers, each behind a wire; commits do not wait for the standby yet."""
    ports = free_port(), free_port()
    with ThreadPoolExecutor(1) as operator, a_primary(folder, port=ports[0]) as first, wires(*ports, *ports) as laid:
        one, two, link_of_one, link_of_two = laid
        second = standby_of(folder / "b", folder / "a", [Address(LOOPBACK, link_of_one.port)], port=ports[1])
        operator.submit(second.start).result()
        rehearsal: Rehearsal | None = None
        urls = {
            VARIABLES["database_url"]: first.url,
            VARIABLES["owner_database_url"]: first.owner_url,
            VARIABLES["reader_database_url"]: first.reader_url,
        }
        hosts = f"{LOOPBACK}:{one.port},{LOOPBACK}:{two.port}"
        several = {name: url.replace(f"{LOOPBACK}:{ports[0]}", hosts) for name, url in urls.items()}
        try:
            with _environment(several), crashable_stack(folder / "stack") as stack:
                rehearsal = Rehearsal(stack, Node(first, one, link_of_one), Node(second, two, link_of_two), operator)
                yield stack, rehearsal
        finally:
            servers = (rehearsal.primary.server, rehearsal.standby.server) if rehearsal else (second,)
            for server in servers:
                operator.submit(server.stop).result()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def fault(figures: Figures) -> str | None:
    if figures["failover_rpo_events"] or figures["split_brain"]:
        return "an answer was lost, or two wrote at once"
    if figures["failover_rto_s_max"] > RTO_S_MAX:
        return f"a failover took more than {RTO_S_MAX:.0f} s"
    return None


FAILOVER = Part("failover", rehearse, fault)
