"""The limits that README and OPERATING state are those of the code, in both pages."""

from pathlib import Path

import pytest

from application.work.deadline import ANSWERED_WITHIN_S
from infrastructure.postgres.connection.pool import POOL_SIZE_MAX, SHARE_MAX
from infrastructure.postgres.event_store.committer import QUEUE_COMMANDS_MAX
from infrastructure.serving import (
    BACKLOG_CONNECTIONS,
    CONNECTIONS_MAX,
    FILES_MAX,
    FILES_OF_OUR_OWN,
    HEAD_BYTES_MAX,
    HEAD_WITHIN_MS,
)
from interfaces.composition.connections import OF_SERVER_PROCESS, OF_TOOLS, OF_WORKER
from interfaces.http.dispute.routes import UPLOAD_WITHIN_S
from interfaces.http.payment.feed import PAGE_EVENTS_MAX
from interfaces.http.payment.search import PAGE_ROWS_MAX
from interfaces.http.server.admission import BODIES_MAX, COMMANDS_MAX, QUERIES_MAX
from interfaces.http.server.bodies import BODY_BYTES_MAX, BODY_WITHIN_S
from interfaces.http.server.request_head import TARGET_BYTES_MAX

ROOT = Path(__file__).parents[2]
README, OPERATING = "README.md", "docs/OPERATING.md"
HEAD_WITHIN_S = HEAD_WITHIN_MS // 1000


def kib(size_bytes: int) -> str:
    assert size_bytes % 1024 == 0
    return f"{size_bytes // 1024} KiB"


STATED = [
    (README, "| a request body |", f"{kib(BODY_BYTES_MAX)}, whole within {BODY_WITHIN_S} s"),
    (README, "| a request body |", f"and {UPLOAD_WITHIN_S} s by default"),
    (README, "| path and query of a request |", kib(TARGET_BYTES_MAX)),
    (README, "| a request's head |", f"{kib(HEAD_BYTES_MAX)}, within {HEAD_WITHIN_S} s"),
    (README, "| connections |", f"{CONNECTIONS_MAX:,} a server process, or {FILES_OF_OUR_OWN} less"),
    (README, "| connections to the database |", f"{OF_SERVER_PROCESS} a server process, {OF_WORKER} a worker"),
    (README, "| requests in hand |", f"{COMMANDS_MAX} commands and {QUERIES_MAX} queries"),
    (README, "| waiting for the database |", f"{ANSWERED_WITHIN_S} s a request"),
    (README, "| commands waiting for the writer |", f"{QUEUE_COMMANDS_MAX:,} a process"),
    (README, "| a page of payments, of events |", f"{PAGE_ROWS_MAX}, {PAGE_EVENTS_MAX}"),
    (OPERATING, "| a body |", f"{kib(BODY_BYTES_MAX)}, {BODY_WITHIN_S} s"),
    (OPERATING, "Bodies are not waited for", f"within {BODY_WITHIN_S} s (evidence: {UPLOAD_WITHIN_S} s)"),
    (OPERATING, "Bodies are not waited for", f"more than {BODIES_MAX:,} on their way"),
    (OPERATING, "| path and query |", kib(TARGET_BYTES_MAX)),
    (OPERATING, "| a head's size |", kib(HEAD_BYTES_MAX)),
    (OPERATING, "| the head of a request, and idleness", f"{HEAD_WITHIN_S} s"),
    (OPERATING, "| open connections |", f"{CONNECTIONS_MAX:,}, or {FILES_OF_OUR_OWN} less"),
    (OPERATING, "| open connections |", f"to {FILES_MAX:,}"),
    (OPERATING, "| open connections |", f"({BACKLOG_CONNECTIONS:,}, or `net.core.somaxconn`)"),
    (OPERATING, "commands in hand, and", f"- {COMMANDS_MAX} commands in hand, and {QUERIES_MAX} queries"),
    (OPERATING, "in the writer's queue", f"- {QUEUE_COMMANDS_MAX:,} commands"),
    (OPERATING, "connections for reads, at a time", f"- {SHARE_MAX} of the {POOL_SIZE_MAX} connections for reads"),
    (OPERATING, "| `tallystick serve`, each of its `--workers` |", f"| {OF_SERVER_PROCESS} |"),
    (OPERATING, "| `tallystick worker` |", f"| {OF_WORKER} |"),
    (OPERATING, "| commands, rebuilds, backups |", f"| {OF_TOOLS} |"),
]
"""In which page, in the paragraph or row with which words, what has to be said."""


@pytest.mark.parametrize(("page", "where", "limit"), STATED, ids=lambda value: str(value)[:40])
def test_a_limit_is_stated_as_it_is(page: str, where: str, limit: str) -> None:
    [paragraph] = [each for each in _paragraphs(page) if where in each]
    assert limit in paragraph


def test_no_limit_of_readme_is_left_out() -> None:
    table = (ROOT / README).read_text().split("## Limits")[1].split("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    compared = {where for page, where, _ in STATED if page == README}
    others = [row for row in rows if not row.startswith(tuple(compared))]
    # Amounts, balances, keys, providers' time-outs, attempts, webhooks: tests elsewhere reach those.
    assert len(others) == 6, others


def _paragraphs(page: str) -> list[str]:
    """Rows and items by themselves, with the lines that go on with them joined."""
    paragraphs: list[str] = []
    for line in (ROOT / page).read_text().splitlines():
        if not line or line.startswith(("|", "- ", "#")) or not paragraphs or not paragraphs[-1]:
            paragraphs.append(line)
        else:
            paragraphs[-1] += " " + line.strip()
    return paragraphs
