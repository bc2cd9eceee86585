"""One home, one supervisor, and no folder of anybody else touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.embedded.errors import HomeInUse, HomeUnusable
from infrastructure.embedded.home import Home, default_home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run Postgres as somebody else")


def test_a_second_supervisor_is_told_the_pid_of_the_first(home: Path) -> None:
    holding = "import sys; from infrastructure.embedded.home import Home; from pathlib import Path\n"
    holding += "with Home(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(HomeInUse, match=rf"in use by process {first.pid}\b") as refusal, Home(home):
            pass
        first.kill()
    assert (refusal.value.path, refusal.value.pid) == (home, first.pid)
    with Home(home):
        assert (home / "lock").read_text() == f"{os.getpid()}\n"


def test_a_home_can_be_entered_again_once_left(home: Path) -> None:
    for _ in range(2):
        with Home(home), pytest.raises(HomeInUse), Home(home):
            pass


@as_root
def test_a_folder_that_postgres_cannot_pass_through_is_named(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700, parents=True)
    with (
        pytest.raises(HomeUnusable, match=rf"pass through {closed} \(mode 700\); set TALLYSTICK_HOME"),
        Home(closed / "home"),
    ):
        pass
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_only_an_empty_folder_is_opened_to_be_a_home(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "diary").touch()
    with pytest.raises(HomeUnusable), Home(home):
        pass
    assert home.stat().st_mode & 0o777 == 0o700
    (home / "diary").unlink()
    (home / "log").rmdir()
    with Home(home):
        assert home.stat().st_mode & 0o777 == 0o701


def test_a_file_is_no_home(home: Path) -> None:
    home.touch()
    with pytest.raises(HomeUnusable, match="Not a directory"), Home(home):
        pass


def test_the_default_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLYSTICK_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_home() == Path("/var/lib/tallystick")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_home() == Path("/home/ada/.local/share/tallystick")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_home() == Path("/data/tallystick")
    monkeypatch.setenv("TALLYSTICK_HOME", "/srv/sticks")
    assert default_home() == Path("/srv/sticks")
