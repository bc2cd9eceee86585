"""Whoever acts by the command line is named in the event: as they say, or as the operating system knows them."""

import os
import pwd
from pathlib import Path

import pytest
from click import Group

from interfaces.cli.main import main
from tests.cli.conftest import Run

ACTS = [
    ("doubts", "ask"),
    ("doubts", "settle"),
    ("dead-letters", "retry"),
    ("dead-letters", "close"),
    ("routing", "add"),
    ("routing", "activate"),
]


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.json"
    path.write_text(
        '{"name": "one", "default": {"priority": ["simulator"]},'
        ' "retry": {"soft_declines": [], "attempts_max": 1, "total_s_max": 1}}'
    )
    return str(path)


@pytest.mark.parametrize("words", ACTS, ids=" ".join)
def test_every_act_takes_a_name(words: tuple[str, str]) -> None:
    group = main.commands[words[0]]
    assert isinstance(group, Group)
    assert "--as" in [option for parameter in group.commands[words[1]].params for option in parameter.opts]


def test_without_a_name_it_is_the_user_of_the_operating_system(
    run: Run, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    assert run("routing", "add", policy).exit_code == 0
    assert f"operator:{pwd.getpwuid(os.getuid()).pw_name}@cli" in run("routing", "list").output


def test_a_name_from_the_environment_goes_before_that_and_one_that_is_given_before_both(
    run: Run, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYSTICK_OPERATOR", "ben")
    assert run("routing", "add", policy).exit_code == 0
    assert run("routing", "activate", "1", "--as", "Anna Ö.").exit_code == 0
    listed = run("routing", "list").output
    assert "operator:ben@cli" in listed
    assert "operator:Anna Ö.@cli" in listed


@pytest.mark.parametrize(
    "name",
    ["", " ", " anna", "an\nna", "an\x1bna", "a" * 65, "4242 4242 4242 4242"],
    ids=["empty", "blank", "led by a blank", "two lines", "unprintable", "too long", "a card number"],
)
def test_what_is_no_name_is_refused(run: Run, policy: str, name: str) -> None:
    refused = run("routing", "add", policy, "--as", name)
    assert refused.exit_code == 2
    assert "--as" in refused.output
    assert "added" not in run("routing", "list").output
