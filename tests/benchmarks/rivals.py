"""`rivals`: a captured payment with double entry and an idempotency row, decided and durable, without HTTP.

Ours beside what a Python user would pick instead, in turns on the same Postgres: django-payments with django-hordak,
and rows written by hand over psycopg. Each writes in two commits, before the provider is asked and after it has
answered (at once, in the same process), 32 payments at a time; where a rival is faster with fewer threads or
connections, it gets the number that is best for it.
"""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial

import psycopg
import uvloop
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from rich.table import Table

from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rival import crud
from tests.benchmarks.rival.environment import rivals_python
from tests.benchmarks.rival.own import Pay, own_payments
from tests.benchmarks.rounds import ratio, spread, take_turns
from tests.benchmarks.systems import PROJECT, CannotRun

AT_A_TIME = 32
THREADS, THREADS_QUICK = range(1, 9), (1, 2, 4, 8)
CONNECTIONS, CONNECTIONS_QUICK = (2, 4, 8, 16, 32), (8, 16, 32)
WARM_UP_S = 0.5
TARGETS = {"vs_hordak": (5, 10), "vs_crud": (1.0, 1.5)}
OWN, HORDAK, CRUD = "ours", "django-payments, django-hordak", "plain rows over psycopg"
HORDAK_DATABASE, CRUD_DATABASE = "hordak", "crud"

Rate = Callable[[float], float]
"""Payments a second, over so many seconds."""


def run(bench: Bench) -> Report:
    rounds, seconds, search_s = (3, 2.0, 0.8) if bench.quick else (7, 4.0, 2.0)
    threads_tried, connections_tried = (THREADS_QUICK, CONNECTIONS_QUICK) if bench.quick else (THREADS, CONNECTIONS)
    bench.say("rivals: installing django-payments and django-hordak …")
    python = str(rivals_python())
    with bench.postgres() as server, bench.nats() as nats:
        urls = _databases(server.superuser_url)
        with _hordak(python, urls[HORDAK_DATABASE]) as hordak:
            threads = _best(bench, "threads", {n: partial(hordak, n) for n in threads_tried}, search_s)
            by_hand = {n: partial(_rate, crud.crud_payments, urls[CRUD_DATABASE], n) for n in connections_tried}
            connections = _best(bench, "connections", by_hand, search_s)
            parts: dict[str, Rate] = {
                OWN: partial(_rate, own_payments, server.superuser_url, nats.url),
                HORDAK: partial(hordak, threads),
                CRUD: by_hand[connections],
            }
            bench.say(f"rivals: {rounds} rounds of three parts, {seconds:.0f} s each")
            measured = take_turns({name: partial(rate, seconds) for name, rate in parts.items()}, rounds=rounds)
    figures: dict[str, object] = {
        "vs_hordak": ratio(measured[OWN], measured[HORDAK]),
        "vs_crud": ratio(measured[OWN], measured[CRUD]),
        "payments_per_s": round(spread(measured[OWN]).median),
    }
    table = Table("", "payments a second", "× ours", title=f"Captured payments, {AT_A_TIME} at a time")
    for name, rates in measured.items():
        table.add_row(name, str(spread(rates)), f"{ratio(rates, measured[OWN]):.2f}")
    return Report(table, figures, _notes(figures, threads, connections))


def _notes(figures: dict[str, object], threads: int, connections: int) -> tuple[str, ...]:
    return (
        f"the rivals at their best: {threads} threads, {connections} connections",
        "ours keeps its events, entries of all postings, limits and the answer to the key; its views follow later, and "
        "are not counted. The rivals keep a row of the payment, three legs, and the answer to the key.",
        *(
            f"{name} {figures[name]}: target {target}, moonshot {moonshot}"
            + ("" if float(str(figures[name])) >= target else ", MISSED")
            for name, (target, moonshot) in TARGETS.items()
        ),
    )


def _best(bench: Bench, of: str, rates: Mapping[int, Rate], seconds: float) -> int:
    """The number of threads or connections with the highest rate; each has run before it is measured."""
    measured = {}
    for number, rate in rates.items():
        rate(WARM_UP_S)
        measured[number] = rate(seconds)
        bench.say(f"rivals: {measured[number]:,.0f} a second with {number} {of}")
    return max(measured, key=lambda number: measured[number])


def _databases(superuser_url: str) -> dict[str, str]:
    """The URL of each rival's own database, on the same server."""
    names = (HORDAK_DATABASE, CRUD_DATABASE)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}".encode())
    urls = {name: make_conninfo(superuser_url, dbname=name) for name in names}
    with psycopg.connect(urls[CRUD_DATABASE]) as connection:
        connection.execute(crud.TABLES)
    return urls


def _rate(opened: Callable[..., AbstractAsyncContextManager[Pay]], *arguments: object) -> float:
    """Payments a second, AT_A_TIME at a time; the last argument is for how many seconds."""
    *given, seconds = arguments

    async def measured() -> float:
        async with opened(*given) as pay:
            await _keep_paying(pay, WARM_UP_S)
            started = time.perf_counter()
            paid = await _keep_paying(pay, float(str(seconds)))
            return paid / (time.perf_counter() - started)

    return uvloop.run(measured())


async def _keep_paying(pay: Pay, seconds: float) -> int:
    until, paid = time.perf_counter() + seconds, 0

    async def one_after_another() -> None:
        nonlocal paid
        while time.perf_counter() < until:
            await pay()
            paid += 1

    await asyncio.gather(*(one_after_another() for _ in range(AT_A_TIME)))
    return paid


@contextmanager
def _hordak(python: str, database_url: str) -> Iterator[Callable[[int, float], float]]:
    """A function that pays by so many threads for so many seconds, in a process of its own. Raises CannotRun."""
    parts = conninfo_to_dict(database_url)
    at = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**parts)
    command = [python, "-m", "tests.benchmarks.rival.hordak", at]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        asked, answered, complained = process.stdin, process.stdout, process.stderr

        def pay(threads: int, seconds: float) -> float:
            try:
                asked.write(f"{threads} {seconds}\n")
                asked.flush()
                return float(answered.readline())
            except (BrokenPipeError, ValueError) as error:
                raise CannotRun(f"django-hordak ended:\n{complained.read()[-4000:]}") from error

        try:
            yield pay
        finally:
            process.terminate()
