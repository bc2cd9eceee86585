"""docs/POSTING_RULES.md shows what the rules post: each worked example's entries, under its heading."""

import re
from pathlib import Path

import pytest

from domain.event import name_of
from domain.ledger.rules import MoneyEvent
from tests.domain.ledger.posting_examples import EXAMPLES, Example, tables

PAGE = (Path(__file__).parents[3] / "docs" / "POSTING_RULES.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_page_shows_the_entries_that_the_rules_post(example: Example) -> None:
    shown = re.findall(r"^\|.*?(?=\n\n|\Z)", SECTIONS[example.title], re.MULTILINE | re.DOTALL)

    assert [table.strip() for table in shown] == list(tables(example))


def test_every_event_that_moves_money_has_an_example() -> None:
    shown = {type(event) for example in EXAMPLES for event in example.events}

    assert {name_of(kind) for kind in MoneyEvent.__args__} == {name_of(kind) for kind in shown}
