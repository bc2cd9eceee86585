"""The embedded Postgres is durable, private, and starts again after whatever ended it."""

import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.embedded.errors import HomeInUse, HomeUnusable, ServerFailed
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.postgres import EmbeddedPostgres


def query(server: EmbeddedPostgres, sql: str) -> Any:
    """The first column of the first row, if the statement gives rows."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def notched(server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server, started, with one row to remember."""
    server.start()
    query(server, "CREATE TABLE stick AS SELECT 41 + 1 AS notches")
    return server


def test_a_first_start_gives_a_durable_postgres_18(running: EmbeddedPostgres) -> None:
    assert query(running, "SELECT version()").startswith("PostgreSQL 18")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert query(running, f"SHOW {setting}") == "on"
    assert query(running, "SHOW server_encoding") == "UTF8"
    assert query(running, "SELECT current_user || '@' || current_database()") == "tallystick@tallystick"


def test_it_listens_on_loopback_only_and_asks_for_the_password(running: EmbeddedPostgres) -> None:
    assert query(running, "SHOW listen_addresses") == LOOPBACK
    assert query(running, "SHOW unix_socket_directories") == ""
    assert (running.home / "postgres.password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(running.url, password="guessed")


def test_it_never_runs_as_root_and_always_in_a_session_of_its_own(running: EmbeddedPostgres) -> None:
    assert os.stat(f"/proc/{running.pid}").st_uid != 0
    assert os.getsid(running.pid) == running.pid


def test_a_second_server_on_the_same_data_is_refused(running: EmbeddedPostgres) -> None:
    with pytest.raises(HomeInUse, match=f"process {os.getpid()}"):
        EmbeddedPostgres(running.home).start()
    assert query(running, "SELECT 1") == 1


def test_a_restart_keeps_the_port_and_the_data(postgres: EmbeddedPostgres) -> None:
    url = notched(postgres).url
    postgres.stop()
    postgres.stop()
    assert not postgres.running
    postgres.start()
    postgres.start()
    assert postgres.url == url
    assert query(postgres, "SELECT notches FROM stick") == 42


def test_a_killed_server_recovers_on_the_same_port(postgres: EmbeddedPostgres) -> None:
    url = notched(postgres).url
    with psycopg.connect(url) as client:
        postgres.kill()
        postgres.start()
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
    assert postgres.url == url
    assert query(postgres, "SELECT notches FROM stick") == 42


def test_a_server_that_somebody_else_killed_is_started_again(postgres: EmbeddedPostgres) -> None:
    os.kill(notched(postgres).pid, signal.SIGKILL)
    os.waitid(os.P_PID, postgres.pid, os.WEXITED | os.WNOWAIT)
    postgres.start()
    assert query(postgres, "SELECT notches FROM stick") == 42


def test_a_pid_file_that_names_a_stranger_harms_neither(home: Path, postgres: EmbeddedPostgres) -> None:
    notched(postgres).kill()
    pid_file = home / "postgres" / "postmaster.pid"
    killed, rest = pid_file.read_text().split("\n", 1)
    pid_file.write_text(f"{os.getpid()}\n{rest}")
    assert int(killed) == postgres.pid
    postgres.start()
    assert query(postgres, "SELECT notches FROM stick") == 42


def test_a_half_made_data_folder_is_made_again(home: Path, postgres: EmbeddedPostgres) -> None:
    (home / "postgres.tmp").mkdir(parents=True)
    (home / "log").mkdir()
    (home / "postgres.tmp" / "PG_VERSION").write_text("18\n")
    postgres.start()
    assert query(postgres, "SELECT 1") == 1
    assert not (home / "postgres.tmp").exists()


def test_a_server_that_ends_at_once_is_reported_with_its_log(home: Path) -> None:
    with pytest.raises(ServerFailed, match="postgres ended while starting") as failure:
        EmbeddedPostgres(home, settings={"shared_buffers": "plenty"}).start()
    assert 'invalid value for parameter "shared_buffers": "plenty"' in failure.value.log_tail


def test_data_without_its_password_is_not_thrown_away(home: Path, postgres: EmbeddedPostgres) -> None:
    (home / "log").mkdir(parents=True)
    (home / "postgres").mkdir()
    with pytest.raises(HomeUnusable, match=r"postgres\.password is gone"):
        postgres.start()
    assert (home / "postgres").exists()
    assert not (home / "postgres.password").exists()
