"""A rebuild that is stopped in the middle: Ctrl-C leaves the old view in service, and nothing of the new one."""

import asyncio
import signal
import subprocess
import sys
import time
from functools import partial

import psycopg

from projections.engine.connection import REBUILD_SCHEMA
from projections.engine.tables import all_rows
from projections.views import VIEWS
from tests.cli.conftest import Run
from tests.support.store import advanced, everything, execute, open_store, open_views

WITHIN_S = 30.0
FRESH = "SELECT 1 FROM pg_tables WHERE schemaname = %s"
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'views.audit_timeline'::regclass"


async def test_ctrl_c_leaves_the_old_view_in_service_and_no_table_behind(
    run: Run, database_url: str, payments: list[str]
) -> None:
    view = VIEWS["audit_timeline"]
    async with open_store(database_url) as store, open_views(database_url) as views:
        await advanced(views, view, await everything(store))
        before = await all_rows(views, view)
        code, said = await asyncio.to_thread(interrupted, database_url)
        assert code == 1
        assert "The old view is in service." in said
        assert "Traceback" not in said
        assert execute(database_url, FRESH, REBUILD_SCHEMA) == []
        assert await all_rows(views, view) == before


def interrupted(database_url: str) -> tuple[int, str]:
    """Exit code and words of a rebuild that gets Ctrl-C when it has filled its table."""
    command = [sys.executable, "-m", "interfaces.cli.main", "rebuild", "audit_timeline"]
    with psycopg.connect(database_url) as busy:
        # As a projector in the middle of its batch does, for which the rebuild has to wait.
        busy.execute("LOCK TABLE views.audit_timeline IN ROW EXCLUSIVE MODE")
        # Whoever runs the suite in the background has its Ctrl-C ignored, and so has every process that it starts.
        rebuilding = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        try:
            until(database_url, WAITING)
            assert execute(database_url, FRESH, REBUILD_SCHEMA)
            rebuilding.send_signal(signal.SIGINT)
            said, _ = rebuilding.communicate(timeout=WITHIN_S)
        finally:
            rebuilding.kill()
            rebuilding.wait()
    return rebuilding.returncode, said


def until(database_url: str, sql: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not execute(database_url, sql):
        assert time.monotonic() < deadline, f"never: {sql}"
        time.sleep(0.02)
