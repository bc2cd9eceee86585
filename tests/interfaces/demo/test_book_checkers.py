"""Outside programs are found where they are installed, and what one does not accept is told."""

import sys
from pathlib import Path

import pytest

from interfaces.books.beancount import Beancount
from interfaces.demo import book_checkers
from interfaces.demo.book_checkers import Checked, Program, accepted_by, check_with_programs, located
from interfaces.runtime.settings import Settings


def installed(folder: Path, name: str, does: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


@pytest.fixture
def only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder in which programs are looked for."""
    monkeypatch.setattr(sys, "executable", str(folder / "beside" / "python"))
    (folder / "beside").mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_program_beside_our_interpreter_comes_before_one_on_the_path(only: Path) -> None:
    assert located("hledger") is None
    installed(only, "hledger", "true")
    assert located("hledger") == str(only / "hledger")
    installed(only / "beside", "hledger", "true")
    assert located("hledger") == str(only / "beside" / "hledger")


async def test_where_none_is_installed_nothing_is_checked(only: Path, database_url: str) -> None:
    assert await check_with_programs(Settings(database_url=database_url, nats_url=""), 0) == []


async def test_each_that_is_installed_is_given_an_export_and_says_what_it_thinks(
    only: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{only}:/usr/bin:/bin")
    installed(only / "beside", "reads", 'grep -q Tallystick "$2"')
    installed(only / "beside", "refuses", "echo line 7 does not balance; exit 1")
    programs = [Program(name=name, arguments=("--check",), book=Beancount) for name in ("reads", "refuses", "absent")]
    monkeypatch.setattr(book_checkers, "PROGRAMS", programs)
    checked = await check_with_programs(Settings(database_url=database_url, nats_url=""), 0)
    assert checked == [
        Checked(program="reads", accepted=True, said=""),
        Checked(program="refuses", accepted=False, said="line 7 does not balance"),
    ]
    assert accepted_by(checked) == ["reads"]
