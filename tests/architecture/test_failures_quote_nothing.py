"""No failure is worded with the contents of an event, a state or another failure."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "projections", "infrastructure", "interfaces")
QUOTED = re.compile(r"\{(event|data|payment|payout|dispute|history|positioned|loaded|result|error|failure)(\.\w+)*!r\}")
REPRESENTED = re.compile(r"\brepr\((error|event|data)\)")


def test_no_message_quotes_what_it_is_about() -> None:
    quoting = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if QUOTED.search(line) or REPRESENTED.search(line)
    ]
    assert quoting == []
