"""Statements and transactions, read from the log of a Postgres that writes every statement down.

The embedded Postgres has no pg_stat_statements. `log_statement = all` tells every statement that a client has executed,
BEGIN and COMMIT among them, as pg_stat_statements does; neither tells those inside of a function. A transaction is a
virtual transaction id. Not told: background workers, which have no statements.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SETTINGS: Final = {
    "log_statement": "all",
    "log_parameter_max_length": "0",
    "log_line_prefix": "told|%a|%v|%r| ",
}
OWN_NAME: Final = "budget"
"""The application's name on connections of those who count, which are left out."""

_ENTRY: Final = re.compile(r"told\|(?P<who>[^|]*)\|(?P<transaction>[^|]*)\|(?P<remote>[^|]*)\| (?P<said>.*)", re.DOTALL)
_STATEMENT: Final = re.compile(r"LOG:  (?:statement|execute (?P<name>[^:]*)): (?P<text>.*)", re.DOTALL)
_PORT: Final = re.compile(r"\((\d+)\)")


class Statement(NamedTuple):
    """One execution: by whom, from which port, in which transaction."""

    who: str
    port: int
    transaction: str
    text: str


class ServerLog(NamedTuple):
    statements: tuple[Statement, ...]
    lines: int
    """Entries that a server would write whose statements nobody counts."""


def read_log(text: str) -> ServerLog:
    """The statements of others than OWN_NAME in a part of the server's log, and the rest of its entries."""
    statements, lines = [], 0
    for entry in _entries(text.splitlines()):
        told = _ENTRY.fullmatch(entry)
        statement = told and _STATEMENT.fullmatch(told["said"])
        if told is None or statement is None:
            lines += 1
        elif told["who"] != OWN_NAME:
            port = _PORT.search(told["remote"])
            statements.append(
                Statement(told["who"], int(port[1]) if port else 0, told["transaction"], statement["text"])
            )
    return ServerLog(tuple(statements), lines)


def _entries(lines: Iterable[str]) -> Iterator[str]:
    """Lines that begin with a tab continue the entry before them."""
    entry: list[str] = []
    for line in lines:
        if not line.startswith("\t") and entry:
            yield "\n".join(entry)
            entry = []
        entry.append(line)
    if entry:
        yield "\n".join(entry)
