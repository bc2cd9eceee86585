"""What `cost` and `pay` measure with: processor time by part, the toy, and another commit of the project."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.benchmarks import cost
from tests.benchmarks.__main__ import main
from tests.benchmarks.base import checked_out
from tests.benchmarks.bench import Bench
from tests.benchmarks.load import Load, Loaded
from tests.benchmarks.processes import children, cpu_s
from tests.benchmarks.systems import CannotRun, Turn
from tests.benchmarks.toy.app import STEPS, TABLE, GroupedInsert, Row
from tests.support.store import as_owner

_BUSY = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass\n"
_CHILD_THAT_ENDS = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {_BUSY!r}])\ninput()"
_OWN = {"api": 0.4, "worker": 0.2, "postgres": 0.2, "nats": 0.0}


def turn(cpu_s: dict[str, float], *, payments: int = 100, captured: int = 100) -> Turn:
    loaded = Loaded(statuses={201: payments}, latencies_ms=[10.0] * captured, seconds=1.0, cpu_s=0.05)
    load = Load(url="", secrets=[], rate=200, seconds=1.0)
    return Turn(load=load, loaded=loaded, drained_s=0.1, cpu_s={**cpu_s, "simulator": 0.3, "load": 0.05})


def test_a_system_costs_what_its_own_parts_use_and_not_its_simulator_or_the_load() -> None:
    assert turn(_OWN).own_ms == pytest.approx(8.0)
    assert turn(_OWN).ms_by_part["simulator"] == pytest.approx(3.0)


def test_the_figures_are_the_medians_of_the_rounds_own_ratios() -> None:
    toys = [turn({"api": used_s, "postgres": 0.1}) for used_s in (0.1, 0.3, 0.7)]
    turns = {(name, rate): of for rate in cost.RATES for name, of in ((cost.OWN, [turn(_OWN)] * 3), (cost.TOY, toys))}
    figures = cost._figures(turns)
    assert figures["own_vs_toy_200"] == pytest.approx(2.0)
    assert figures["own_ms_200"] == pytest.approx(8.0)
    assert figures["by_process"]["400"]["toy"] == {"api": 3.0, "postgres": 1.0, "simulator": 3.0, "load": 0.5}  # type: ignore[index]
    assert "base_vs_toy_200" not in figures


def test_a_system_that_did_not_keep_up_is_named() -> None:
    bench = Bench(quick=True, console=Console(file=StringIO()), folder=Path())
    behind = turn(_OWN, payments=100, captured=90)
    turns = {(name, rate): [behind] for rate in cost.RATES for name in (cost.OWN, cost.TOY)}
    assert "own did not keep up with 200/s" in "\n".join(cost._notes(bench, turns, 1, 1.0))


def test_processor_time_counts_a_process_of_which_only_its_parent_is_left() -> None:
    with subprocess.Popen([sys.executable, "-c", _CHILD_THAT_ENDS], stdin=subprocess.PIPE) as process:
        while children(process.pid) or cpu_s({"part": process.pid})["part"] < 0.3:
            pass
        process.kill()


def test_the_children_of_a_process_are_known_by_their_command_lines() -> None:
    with subprocess.Popen([sys.executable, "-c", "input('a part of it')"], stdin=subprocess.PIPE) as process:
        assert children(os.getpid())[process.pid][:2] == [sys.executable, "-c"]
        process.kill()


async def test_the_toy_writes_five_rows_a_payment_and_groups_those_that_wait(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(as_owner(database_url), autocommit=True) as connection:
        await connection.execute(TABLE)
        rows = GroupedInsert(connection)
        await asyncio.gather(*(rows.insert(_rows_of_a_payment()) for _ in range(20)))
        written = await (await connection.execute("SELECT payment_id, name, xmin::text FROM payment_row")).fetchall()
    assert set(Counter(payment_id for payment_id, _, _ in written).values()) == {len(STEPS)}
    assert len({transaction for _, _, transaction in written}) < 20


def _rows_of_a_payment() -> list[Row]:
    payment_id, now = uuid4(), datetime.now(UTC)
    return [(payment_id, number, step, now, "{}") for number, step in enumerate(STEPS, 1)]


def test_a_base_that_is_no_commit_is_refused(tmp_path: Path) -> None:
    bench = Bench(quick=True, console=Console(file=StringIO()), folder=tmp_path, base="no-such-commit")
    with pytest.raises(CannotRun, match="BASE: no-such-commit is no commit here"), checked_out(bench):
        raise AssertionError("checked out")


@pytest.mark.parametrize("names", [["append"], ["cost", "append"], []])
def test_a_base_is_refused_where_no_other_commit_is_run(names: list[str]) -> None:
    result = CliRunner().invoke(main, [*names, "--base", "HEAD"])
    assert result.exit_code == 2
    assert "only with NAME=cost or pay" in result.output
