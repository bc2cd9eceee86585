"""`tallystick routing`: policies checked, kept, followed and tried out, and decisions explained, from the shell."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from domain.history import Recorded
from domain.identifiers import CustomerId, OperationId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.events import (
    CaptureMethod,
    FailureKind,
    PaymentAttemptFailed,
    PaymentAuthorized,
    PaymentCreated,
    PaymentRouted,
)
from domain.payment.method import MethodType, PaymentMethod
from domain.routing.candidate import Candidate, Strategy
from infrastructure.postgres.event_store.store import PostgresEventStore
from interfaces import ids
from projections.provider.health import CONNECTOR_HEALTH
from tests.cli.conftest import Run
from tests.support.domain import MERCHANT
from tests.support.store import advanced, append_all, everything, open_store, open_views, stored

PROVIDER = "simulator"
POLICY = f"""{{"name": "one",
 "costs": {{"{PROVIDER}": {{"basis_points": 100}}}},
 "rules": [{{"name": "large", "when": "amount >= 5000", "priority": ["{PROVIDER}"]}}],
 "default": {{"cheapest": ["{PROVIDER}"]}},
 "retry": {{"soft_declines": ["try_again_later"], "attempts_max": 2, "total_s_max": 20}}}}
"""
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GONE = ProviderName("gone")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path / "policy.json", POLICY)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_policy_is_checked_without_being_kept(run: Run, policy: Path) -> None:
    result = run("routing", "check", str(policy))
    assert (result.exit_code, result.output) == (0, "one can be followed.\n")
    assert "No policy was activated yet" in run("routing", "list").output


@pytest.mark.parametrize("command", ["check", "add"])
def test_a_mistake_is_told_with_its_line(run: Run, tmp_path: Path, command: str) -> None:
    path = written(tmp_path / "wrong.json", POLICY.replace("amount >= 5000", "amount < 0"))
    result = run("routing", command, str(path))
    assert result.exit_code == 1
    assert f"{path}, line 3: the condition of rule “large” can never be true." in result.output


@pytest.mark.parametrize(
    ("data", "says"),
    [(b'{\n"name": "\xff"}', "line 2: this is not UTF-8"), (b" " * 1_000_001, "has more than 1,000,000 bytes")],
)
def test_a_file_that_is_no_text_of_a_policy_is_refused(run: Run, tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(data)
    result = run("routing", "add", str(path))
    assert result.exit_code == 1
    assert says in result.output


def test_policies_are_added_activated_listed_and_shown(run: Run, policy: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.json", POLICY.replace('"one"', '"two"').replace("\n", "\r\n\t"))
    assert run("routing", "show").exit_code == 1
    assert [run("routing", "add", str(path)).output for path in (policy, other, policy)] == ["1\n", "2\n", "1\n"]
    assert run("routing", "activate", "2", "--as", "anna").output == "two:2 is active.\n"
    listed = run("routing", "list").output
    assert listed.count("added") == 2
    assert "activated" in listed
    assert "operator:anna@cli" in listed
    assert "two:2 is active." in listed
    assert run("routing", "show").stdout_bytes == other.read_bytes()
    assert run("routing", "show", "1").stdout_bytes == policy.read_bytes()


def test_a_number_that_there_is_not_is_refused(run: Run, policy: Path) -> None:
    run("routing", "add", str(policy))
    run("routing", "activate", "1")
    for arguments in (("activate", "7"), ("show", "7")):
        result = run("routing", *arguments)
        assert result.exit_code == 1
        assert "There is no routing policy 7." in result.output
    assert "one:1 is active." in run("routing", "list").output


# what was decided


def payment(
    number: int, *, attempts: tuple[ProviderName, ...], approved: bool = True, amount_minor: int = 10_000
) -> list[Recorded]:
    """A payment that was routed to each of `attempts` in turn; all but the last were declined."""
    payment_id = PaymentId(UUID(int=number << 80 | 7 << 76 | 2 << 62))
    created = PaymentCreated(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=Money(amount_minor, "EUR"),
        method=PaymentMethod(MethodType.CARD, "tok_visa"),
        capture_method=CaptureMethod.MANUAL,
        return_url=None,
    )
    facts: list[PaymentCreated | PaymentRouted | PaymentAttemptFailed | PaymentAuthorized] = [created]
    for turn, provider in enumerate(attempts):
        attempt_id = OperationId(UUID(int=payment_id.int + turn + 1))
        facts.append(routed(attempt_id, provider, attempts[:turn]))
        if approved and turn == len(attempts) - 1:
            facts.append(authorized(attempt_id, provider))
        else:
            facts.append(
                PaymentAttemptFailed(
                    attempt_id=attempt_id,
                    provider=provider,
                    kind=FailureKind.DECLINED,
                    code="try_again_later",
                    message="Later, please.",
                )
            )
    at = NOON + timedelta(hours=number)
    return [stored(payment_id, version, fact, recorded_at=at) for version, fact in enumerate(facts, start=1)]


def routed(attempt_id: OperationId, chosen: ProviderName, tried: tuple[ProviderName, ...]) -> PaymentRouted:
    candidates = [
        Candidate(provider=GONE, cost_minor=150, success_bp=8_000, latency_ms_p95=300, samples=20),
        Candidate(provider=ProviderName(PROVIDER), cost_minor=120),
        Candidate(provider=ProviderName("upi"), out="does not take card"),
    ]
    return PaymentRouted(
        attempt_id=attempt_id,
        routing_policy="cards:7",
        rule="large",
        strategy=Strategy.PRIORITY,
        draw=17,
        candidates=tuple(
            replace(candidate, out="tried before") if candidate.provider in tried else candidate
            for candidate in candidates
        ),
        chosen=chosen,
        reason="first in order",
    )


def authorized(attempt_id: OperationId, provider: ProviderName) -> PaymentAuthorized:
    return PaymentAuthorized(
        merchant_id=MERCHANT,
        provider=provider,
        attempt_id=attempt_id,
        reference="ch_31",
        amount=Money(10_000, "EUR"),
        expires_at=NOON,
        window_policy="w",
    )


@pytest.fixture
async def store(database_url: str) -> None:
    """Four payments went to a provider that is no more; one of them fell back from it."""
    async with open_store(database_url) as opened:
        await fill(opened)


async def fill(store: PostgresEventStore) -> None:
    for number in range(3):
        await append_all(store, payment(number, attempts=(GONE,), approved=number > 0))
    await append_all(store, payment(3, attempts=(GONE, ProviderName(PROVIDER))))


@pytest.mark.usefixtures("store")
def test_every_decision_of_a_payment_is_explained(run: Run) -> None:
    name = ids.text_of(ids.PAYMENT, payment(3, attempts=(GONE,))[0].originator_id)
    result = run("routing", "explain", name)
    assert result.exit_code == 0
    told = result.output
    for said in (
        "by policy cards:7",
        "rule “large”, priority: first in order",
        "out: does not take card",
        "out: tried before",
        "80.00 %",
        "outcome: declined: try_again_later (Later, please.)",
        "outcome: authorized as ch_31",
    ):
        assert said in told, told
    assert told.count("chosen") == told.count("Decision") == 2


def test_a_payment_that_there_is_not_cannot_be_explained(run: Run) -> None:
    assert run("routing", "explain", "pay_00000000000000000000000000").exit_code == 1
    assert "expected an id such as" in run("routing", "explain", "nonsense").output


@pytest.mark.usefixtures("store")
def test_recorded_payments_are_sent_through_another_policy(run: Run, policy: Path) -> None:
    result = run("routing", "simulate", "--policy", str(policy))
    assert result.exit_code == 0, result.output
    assert "4 payments, 4 of them would have gone elsewhere." in result.output
    assert msgspec.json.decode(result.output.splitlines()[-1]) == {
        "payments": 4,
        "moved": 4,
        "providers": {
            GONE: {"recorded": 4, "simulated": 0, "approval_bp": 5_000},
            PROVIDER: {"recorded": 0, "simulated": 4, "approval_bp": 10_000},
        },
        "cost_minor": {"EUR": {"recorded": 600, "simulated": 400}},
        "uncosted": 0,
        "approvals": {"recorded": 2, "simulated": 4},
    }


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("since", "payments"), [("11:59", 4), ("13:00", 3), ("14:30", 1), ("15:01", 0)])
def test_a_simulation_begins_when_it_is_told_to(run: Run, policy: Path, since: str, payments: int) -> None:
    result = run("routing", "simulate", "--policy", str(policy), "--since", f"2026-11-21T{since}:00Z")
    assert msgspec.json.decode(result.output.splitlines()[-1])["payments"] == payments


def test_a_simulation_of_nothing_says_so(run: Run, policy: Path) -> None:
    result = run("routing", "simulate", "--policy", str(policy))
    assert result.exit_code == 0
    assert "0 payments" in result.output


def test_a_simulation_refuses_what_it_cannot_follow(run: Run, policy: Path, tmp_path: Path) -> None:
    wrong = written(tmp_path / "wrong.json", POLICY.replace(f'["{PROVIDER}"]}}],', '["nobody"]}],'))
    assert "line 3: there is no provider “nobody”" in run("routing", "simulate", "--policy", str(wrong)).output
    result = run("routing", "simulate", "--policy", str(policy), "--since", "yesterday")
    assert result.exit_code == 1
    assert "since: expected an RFC 3339 time" in result.output


def test_recent_health_is_shown(run: Run, database_url: str) -> None:
    assert "No provider has answered anything lately." in run("routing", "health").output
    asyncio.run(just_now(database_url))
    told = run("routing", "health").output
    assert "try_again_later 1" in told
    assert " 100.00 %" in told
    assert " 0.00 %" in told


async def just_now(database_url: str) -> None:
    """A payment that fell back, as the worker's projectors show it."""
    now = datetime.now(UTC)
    recent = [replace(event, recorded_at=now) for event in payment(1, attempts=(GONE, ProviderName(PROVIDER)))]
    async with open_store(database_url) as store, open_views(database_url) as views:
        await append_all(store, recent)
        await advanced(views, CONNECTOR_HEALTH, await everything(store))
