"""No failure is worded with the contents of an event, a state or another failure."""

import re

from tests.architecture.product import assert_none, at, files

QUOTED = re.compile(r"\{(event|data|payment|payout|dispute|history|positioned|loaded|result|error|failure)(\.\w+)*!r\}")
REPRESENTED = re.compile(r"\brepr\((error|event|data)\)")


def test_no_message_quotes_what_it_is_about() -> None:
    assert_none(
        f"{at(path, number)}: {line.strip()}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if QUOTED.search(line) or REPRESENTED.search(line)
    )
