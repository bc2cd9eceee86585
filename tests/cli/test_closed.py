"""While the store is closed, no command moves money or asks a provider or a bank for anything; the others work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import click
import pytest

from interfaces import ids
from interfaces.cli.main import main
from tests.cli.conftest import Run
from tests.domain.settlement.test_file import text
from tests.support.store import execute

PAYMENT, PAYOUT, DISPUTE, LETTER = (
    ids.text_of(kind, uuid4()) for kind in (ids.PAYMENT, ids.PAYOUT, ids.DISPUTE, ids.DEAD_LETTER)
)
RECORDED = ("--reference", "re_1", "--reason", "seen there")
SETTLEMENT: Final = "settlement.csv"
REFUSED: Final = {
    "dead-letters retry": (LETTER,),
    "disputes open": (PAYMENT, "--dispute-id", "dp_1"),
    "disputes amend": (DISPUTE, "--amount", "1"),
    "disputes rule": (DISPUTE, "won"),
    "doubts ask": (PAYMENT,),
    "doubts settle": (PAYMENT, "--outcome", "approved", "--reference", "ch_1"),
    "orphans give-back": ("north", "evt_1", "--reason", "nobody claims it"),
    "payouts approve": (PAYOUT,),
    "payouts cancel": (PAYOUT, "--reason", "wrong"),
    "record capture": (PAYMENT, *RECORDED, "--amount", "1"),
    "record refund": (PAYMENT, *RECORDED, "--amount", "1"),
    "record refund-failed": (PAYMENT, *RECORDED, "--amount", "1"),
    "record void": (PAYMENT, *RECORDED),
    "settlement import": (SETTLEMENT,),
}
AGREES: Final = {
    *("orphans close", "reopen"),
    *("dead-letters close", "fx import", "fx publish", "routing activate", "routing add"),
    *("terms activate", "terms add"),
}
"""Acts that are recorded, and move no money."""


def acts(group: click.Group = main, path: str = "") -> Iterator[str]:
    """Every command whose act is recorded with who did it, by its words."""
    for name in group.list_commands(click.Context(group)):
        command, words = group.get_command(click.Context(group), name), f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from acts(command, words)
        elif command is not None and any(parameter.name == "cause" for parameter in command.params):
            yield words


def test_every_act_is_known_to_be_refused_or_not() -> None:
    assert set(acts()) == REFUSED.keys() | AGREES


@pytest.mark.parametrize("words", REFUSED)
def test_what_moves_money_is_refused(
    run: Run, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(folder)
    Path(SETTLEMENT).write_text(text())
    execute(database_url, "UPDATE store_identity SET closed_at = now(), closed_because = 'the store was restored'")
    result = run(*words.split(), *REFUSED[words])
    assert "No commands are taken since" in result.output
    assert result.exit_code == 1


def test_status_says_since_when_and_why(run: Run, database_url: str, status_at_once: None) -> None:
    execute(database_url, "UPDATE store_identity SET closed_at = now(), closed_because = 'the store was restored'")
    assert "It is CLOSED since" in run("status").output
    assert '"closed_because":"the store was restored"' in run("status", "--json").output
