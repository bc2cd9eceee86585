"""The programs are found without PATH, and reached where the wheel's own folder is closed."""

import os
import shutil
import sys
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded import runtime
from infrastructure.embedded.errors import BinaryMissing
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run Postgres as somebody else")
@pytest.mark.parametrize("hard_links", [True, False])
def test_a_wheel_in_a_closed_folder_is_run_from_the_home(
    home: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    closed = home.parent / "my clone"
    closed.mkdir(mode=0o700)
    for part in runtime._PARTS:
        shutil.copytree(runtime._site_packages() / part, closed / part, copy_function=os.link)
    monkeypatch.setattr(runtime, "_site_packages", lambda: closed)
    if not hard_links:
        monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):
        postgres.start()
        program = os.readlink(f"/proc/{postgres.pid}/exe")
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT to_tsvector('english', 'tallies')::text").fetchone() == ("'talli':1",)
        postgres.stop()
    assert program.startswith(f"{home}/runtime/0.6")
    assert (os.stat(program).st_nlink > 1) is hard_links
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not (home / "runtime.tmp").exists()


def refuse(*_: object) -> None:
    raise OSError("another file system")


def test_a_missing_program_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/bin/python")
    with pytest.raises(BinaryMissing, match="/nowhere/bin/nats-server"):
        EmbeddedNats(home).start()
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)
    with pytest.raises(BinaryMissing, match="pginstall18/bin/postgres"):
        EmbeddedPostgres(home).start()
