"""Whatever can be refused has its problem: one row of one table, and a sentence that can be told."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec.structs import replace

import application
import domain
import projections
from application.write.store import StoreFull, StoreUnavailable, WriterBusy
from domain.bank_account.details import Scheme
from domain.dead_letter.state import DeadLetterState
from domain.dispute.state import DisputeStatus
from domain.errors import DomainError
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.settlement_events import MovementKind
from domain.payment.state import DisputeResult
from domain.payment.status import Status
from domain.payout.report import ReportedOutcome
from domain.payout.status import PayoutStatus
from interfaces import http, resources
from interfaces.http.server.problem_response import problem_response, unexpected_response
from interfaces.resources.problems.problem import TYPE_PREFIX, Problem
from interfaces.resources.problems.table import PROBLEMS, DuplicateProblem, merged
from tests.support.secrets import NAMED_SECRETS, SECRETS

PACKAGES = (domain, application, projections, resources, http)
SAMPLES: dict[type, Any] = {
    str: "EUR",
    int: 7,
    Money: Money(1000, "EUR"),
    Status: Status.CAPTURED,
    DisputeStatus: DisputeStatus.LOST,
    DisputeResult: DisputeResult.WON,
    tuple[str, ...]: ("application/pdf", "image/png"),
    DeadLetterState: DeadLetterState.CLOSED,
    Scheme: Scheme.IBAN,
    PayoutStatus: PayoutStatus.PAID,
    ReportedOutcome: ReportedOutcome.REJECTED,
    OperationKind: OperationKind.REFUND,
    MovementKind: MovementKind.CAPTURE,
    datetime: datetime(2026, 11, 20, tzinfo=UTC),
}


def refusals() -> list[type[Exception]]:
    """Every error that a request can be refused with, from every module that can be imported."""
    for package in PACKAGES:
        _import_all(package)
    ours = tuple(f"{package.__name__}." for package in PACKAGES)
    found = [kind for kind in _subclasses(DomainError) if f"{kind.__module__}.".startswith(ours)]
    return sorted([*found, StoreFull, StoreUnavailable, WriterBusy], key=lambda kind: kind.__qualname__)


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def _subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _sample(kind: type[Exception]) -> Exception:
    """An error of that kind, its facts filled in."""
    return kind(**{name: SAMPLES[hint] for name, hint in get_type_hints(kind).items()})


def test_every_refusal_has_its_problem_and_no_problem_is_left_over() -> None:
    assert set(refusals()) == set(PROBLEMS)


def test_the_search_for_refusals_finds_them() -> None:
    assert len(refusals()) > 25


@pytest.mark.parametrize("kind", refusals(), ids=lambda kind: kind.__name__)
def test_a_problem_can_be_told(kind: type[Exception]) -> None:
    reply = problem_response(_sample(kind), "req_1")
    problem = msgspec.json.decode(reply.content)
    assert reply.media_type == "application/problem+json"
    assert problem["type"] == TYPE_PREFIX + PROBLEMS[kind].slug
    assert (problem["status"], problem["request_id"]) == (reply.status_code, "req_1")
    assert problem["detail"].endswith(".")
    assert "object at" not in problem["detail"]


def test_no_two_problems_share_a_type() -> None:
    slugs = [problem.slug for problem in PROBLEMS.values()]
    assert len(slugs) == len(set(slugs))


FULL = PROBLEMS[StoreFull]


@pytest.mark.parametrize(
    "second",
    [replace(FULL, slug="another"), replace(FULL, kind=WriterBusy)],
    ids=["of the same error", "of the same type"],
)
def test_a_second_problem_is_refused(second: Problem) -> None:
    with pytest.raises(DuplicateProblem):
        merged([FULL], [second])


def test_every_problem_is_the_callers_fault_or_ours() -> None:
    assert all(400 <= problem.status <= 599 for problem in PROBLEMS.values())


def test_what_can_be_tried_again_says_when() -> None:
    for kind, problem in PROBLEMS.items():
        if problem.status == 503:
            assert int(problem.headers(_sample(kind))["Retry-After"]) >= 1


def test_a_failure_that_nobody_foresaw_tells_nothing_of_the_inside() -> None:
    problem = msgspec.json.decode(unexpected_response("req_1").content)
    assert (problem["type"], problem["status"]) == (TYPE_PREFIX + "unexpected", 500)


NASTY = {
    "without end": "x" * 60_000,
    "a line break": "a\nb\r\0c\u2028d",
    "a terminal's escape": "\x1b[31mred\u202e",
    **SECRETS,
    **{name: text.format(secret) for name, (text, secret) in NAMED_SECRETS.items()},
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_what_a_caller_sent_is_told_cut_printable_and_without_secrets(text: str) -> None:
    """Of every refusal that there is, whichever of its facts the text is in."""
    secrets = [*SECRETS.values(), *(secret for _, secret in NAMED_SECRETS.values())]
    for kind in refusals():
        facts = {
            name: text if hint is str else (text, text) if hint == tuple[str, ...] else SAMPLES[hint]
            for name, hint in get_type_hints(kind).items()
        }
        told = problem_response(kind(**facts), "req_1").content
        problem = msgspec.json.decode(told)
        assert len(told) < 2_000, kind
        assert all(value.isprintable() for value in problem.values() if isinstance(value, str)), (kind, told)
        assert not [secret for secret in secrets if secret in told.decode()], (kind, told)
