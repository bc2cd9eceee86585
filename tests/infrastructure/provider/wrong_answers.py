"""Every way in which an answer can be about something else than its request, for every connector alike.

A dialect words a `Claim` of a provider's, which is right at first; the table spoils one member of it. Whatever comes of
a wrong one, it is neither a yes nor a no.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, Protocol, assert_never

import msgspec
import pytest
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from application.provider.webhook import Notification, NotificationUnreadable
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import CaptureMethod
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.notice import Notice, read_notice
from domain.payment.outcome import Approved, ApprovedInPart, Declined, Mismatched, Outcome, Unknown
from domain.payment.reading import AsksForLookup, Contradicts, Settles
from infrastructure.provider.performing import PerformingProvider
from tests.infrastructure.provider.contract import (
    authorization,
    capture,
    eur,
    new_operation_id,
    perform,
    refund,
    void_of,
)
from tests.support.domain import (
    ACQUIRER,
    History,
    attempt_answered,
    capture_taken,
    captures,
    confirmed,
    created,
    payment_of,
    processing,
    refunds,
    then_,
    voids,
)

HOST: Final = "127.0.0.1"
CARD: Final = PaymentMethod(MethodType.CARD, "tok_visa")
ASKED: Final = eur(100)
UNDECIDED_STATUSES: Final = (408, 409, 425, 429)


class Claim(Struct, frozen=True, kw_only=True):
    """What a provider claims to have done: `about` whose operation, on which `charge`, under which name of its own
    (`made`); `state` is `done`, or one that is no success of what was asked: `authorized`, `captured`, `declined`."""

    about: ProviderRequest
    operation_id: OperationId
    charge: str
    made: str
    amount: Money
    state: str = "done"


class Wording(Struct, frozen=True):
    """One HTTP answer."""

    http_status: int
    body: Any


class Dialect(Protocol):
    """The words of one provider, made up by hand from its documentation."""

    charge: str
    """A charge as our references name it, of the first `made` below."""
    lacks: frozenset[tuple[str, str]]
    """What of the table its words have no member for: the row, and the case, its `… look-up` or `… notification`."""

    def connected(self, url: str) -> PerformingProvider: ...

    def answers(self, claim: Claim) -> Mapping[str, Wording]:
        """By method and path, or a beginning of it: what a provider that claims so says to the request itself, and to
        its look-up."""
        ...

    def declined(self, request: ProviderRequest) -> Any:
        """The body of a decline."""
        ...

    def notified(self, claim: Claim) -> bytes:
        """The body of a notification that claims so."""
        ...

    def read(self, body: bytes) -> Any:
        """What the connector reads of a notification."""
        ...


class Script(Struct):
    """What a server answers, by method and the beginning of its path."""

    answers: Mapping[str, Wording]
    repeats_a_member: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        asked = f"{request.method} {request.path}"
        if b"CHECK_STATUS" in await request.read():
            asked += " CHECK_STATUS"
        matching = [path for path in self.answers if asked.startswith(path)]
        assert matching, f"nobody words {asked}"
        wording = self.answers[max(matching, key=len)]
        body = msgspec.json.encode(wording.body)
        if self.repeats_a_member:
            body = repeated(body)
        return web.Response(status=wording.http_status, body=body, content_type="application/json")


def repeated(body: bytes) -> bytes:
    """JSON whose first object has its first member twice, with the same value: no parser would mind that."""
    said = msgspec.json.decode(body)
    name, value = next(iter((said[0] if isinstance(said, list) else said).items()))
    start = body.index(b"{") + 1
    return body[:start] + msgspec.json.encode({name: value})[1:-1] + b"," + body[start:]


@asynccontextmanager
async def scripted(dialect: Dialect, script: Script) -> AsyncIterator[PerformingProvider]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        url = f"http://{HOST}:{runner.addresses[0][1]}"
        async with aclosing(dialect.connected(url)) as provider:
            yield provider
    finally:
        await runner.cleanup()


CASES: Final[Mapping[str, Callable[[str], ProviderRequest]]] = {
    "authorisation": lambda _charge: authorization(CARD, ASKED),
    "automatic capture": lambda _charge: authorization(CARD, ASKED, captured=True),
    "capture": lambda charge: capture(charge, ASKED, final=True),
    "void": lambda charge: void_of(charge, ASKED),
    "refund": lambda charge: refund(charge, ASKED),
}
SPOILED: Final[Mapping[str, Callable[[Claim], Claim]]] = {
    "a larger amount": lambda claim: replace(claim, amount=eur(101)),
    "a smaller amount": lambda claim: replace(claim, amount=eur(1)),
    "an amount of nothing": lambda claim: replace(claim, amount=eur(0)),
    "another currency": lambda claim: replace(claim, amount=Money(claim.amount.minor, "USD")),
    "another charge": lambda claim: replace(claim, charge="9988776655"),
    "another operation": lambda claim: replace(claim, operation_id=new_operation_id()),
    "authorised only": lambda claim: replace(claim, state="authorized"),
    "captured at once": lambda claim: replace(claim, state="captured"),
    "declined": lambda claim: replace(claim, state="declined"),
}
NOT_FOR: Final = {
    ("another charge", "authorisation"),
    ("another charge", "automatic capture"),
    ("authorised only", "authorisation"),
    ("captured at once", "automatic capture"),
    ("captured at once", "capture"),
}
"""A charge that is only made has no name before; and what is asked for is no wrong answer."""
PARTS: Final = {("a smaller amount", "authorisation"), ("a smaller amount", "automatic capture")}
NOTIFIED: Final = [
    spoiled for spoiled in SPOILED if "amount" in spoiled or spoiled in ("another currency", "another charge")
]


class WrongAnswers:
    """Tests that need nothing but a `dialect`."""

    @pytest.fixture
    def dialect(self) -> Dialect:
        raise NotImplementedError("a connector's own test class gives its dialect")

    @pytest.mark.parametrize("case", CASES)
    async def test_the_right_answer_is_believed(self, dialect: Dialect, case: str) -> None:
        claim = right(dialect, case)
        async with scripted(dialect, Script(dialect.answers(claim))) as provider:
            assert isinstance(await perform(provider, claim.about), Approved)
            assert isinstance(await provider.lookup(claim.about), Approved)
            assert isinstance(await perform(provider, claim.about), Approved)

    @pytest.mark.parametrize("spoiled", SPOILED)
    @pytest.mark.parametrize("case", CASES)
    async def test_an_answer_about_something_else_decides_nothing(
        self, dialect: Dialect, case: str, spoiled: str
    ) -> None:
        if (spoiled, case) in NOT_FOR:
            return
        claim = SPOILED[spoiled](right(dialect, case))
        async with scripted(dialect, Script(dialect.answers(claim))) as provider:
            if (spoiled, case) not in dialect.lacks:
                require_undecided(await perform(provider, claim.about), case, spoiled)
            if (spoiled, f"{case} look-up") not in dialect.lacks:
                found = await provider.lookup(claim.about)
                assert found is not None or (spoiled, case) not in PARTS
                require_undecided(found or Unknown("never seen"), case, spoiled)

    @pytest.mark.parametrize("case", ["authorisation", "automatic capture", "refund"])
    async def test_a_name_that_was_given_before_decides_nothing(self, dialect: Dialect, case: str) -> None:
        if ("a name given before", case) in dialect.lacks:
            return
        first = right(dialect, case)
        second = replace(right(dialect, case), made=first.made)
        script = Script(dialect.answers(first))
        async with scripted(dialect, script) as provider:
            assert isinstance(await perform(provider, first.about), Approved)
            script.answers = dialect.answers(second)
            assert isinstance(await perform(provider, second.about), Mismatched)
            assert isinstance(await provider.lookup(second.about), Mismatched)

    @pytest.mark.parametrize("case", CASES)
    async def test_a_member_that_is_there_twice_makes_an_answer_unreadable(self, dialect: Dialect, case: str) -> None:
        claim = right(dialect, case)
        async with scripted(dialect, Script(dialect.answers(claim), repeats_a_member=True)) as provider:
            assert isinstance(await perform(provider, claim.about), Unknown)
            assert isinstance(await provider.lookup(claim.about), Unknown)

    @pytest.mark.parametrize("http_status", UNDECIDED_STATUSES)
    @pytest.mark.parametrize("case", CASES)
    async def test_a_status_that_is_of_the_moment_declines_nothing(
        self, dialect: Dialect, case: str, http_status: int
    ) -> None:
        """Though the body says no, or yes: the request, or its twin, may have taken the money."""
        claim = right(dialect, case)
        refused = dialect.declined(claim.about)
        approved = dialect.answers(claim)
        for body in (refused, *(wording.body for wording in approved.values())):
            spoiled = {path: Wording(http_status, body) for path in approved}
            async with scripted(dialect, Script(spoiled)) as provider:
                assert isinstance(await perform(provider, claim.about), Unknown)
                assert isinstance(await provider.lookup(claim.about), Unknown)

    @pytest.mark.parametrize("spoiled", NOTIFIED)
    @pytest.mark.parametrize("case", CASES)
    def test_a_notification_about_something_else_settles_nothing(
        self, dialect: Dialect, case: str, spoiled: str
    ) -> None:
        if (spoiled, case) in NOT_FOR or (spoiled, f"{case} notification") in dialect.lacks:
            return
        claim = right(dialect, case)
        history = history_of(claim.about, dialect.charge)
        reading = read_notice(payment_of(history), history, notice_of(dialect.read(dialect.notified(claim))))
        assert isinstance(reading, Settles | AsksForLookup)
        told = notice_of(dialect.read(dialect.notified(SPOILED[spoiled](claim))))
        reading = read_notice(payment_of(history), history, told)
        assert isinstance(reading, Contradicts)
        assert reading.events

    @pytest.mark.parametrize("case", CASES)
    def test_a_notification_with_a_member_twice_cannot_be_read(self, dialect: Dialect, case: str) -> None:
        body = dialect.notified(right(dialect, case))
        assert isinstance(dialect.read(body), Notification)
        with pytest.raises(NotificationUnreadable):
            dialect.read(repeated(body))


def right(dialect: Dialect, case: str) -> Claim:
    """What a provider says that did just what the request of `case` asks for."""
    request = CASES[case](dialect.charge)
    made = str(request.operation_id.int % 10**12)
    return Claim(
        about=request, operation_id=request.operation_id, charge=dialect.charge, made=made, amount=request.amount
    )


def require_undecided(outcome: Outcome, case: str, spoiled: str) -> None:
    """A decline may be told with a success's status; all else that is wrong is Unknown."""
    assert isinstance(outcome, Unknown) or (spoiled == "declined" and isinstance(outcome, Declined))
    if (spoiled, case) in PARTS:
        assert isinstance(outcome, ApprovedInPart)
        assert (outcome.amount, outcome.taken) == (eur(1), case == "automatic capture")


def history_of(request: ProviderRequest, charge: str) -> History:
    """A payment at ACQUIRER that has just asked for `request`."""
    match request:
        case AuthorizeRequest(operation_id=id, amount=amount, capture=at_once):
            method = CaptureMethod.AUTOMATIC if at_once else CaptureMethod.MANUAL
            return then_(created(amount, method), confirmed(id=id))
        case CaptureRequest(operation_id=id, amount=amount):
            return then_(_authorized(amount, charge), captures(amount, id=id))
        case VoidRequest(operation_id=id, amount=amount):
            return then_(_authorized(amount, charge), voids(id))
        case RefundRequest(operation_id=id, amount=amount):
            return then_(capture_taken(_authorized(amount, charge), amount), refunds(amount, id=id))
        case _:
            assert_never(request)


def _authorized(amount: Money, charge: str) -> History:
    return then_(processing(amount), attempt_answered(Approved(charge)))


def notice_of(notification: Any) -> Notice:
    assert isinstance(notification, Notification)
    return Notice(
        provider=ACQUIRER,
        about=notification.about,
        outcome=notification.outcome,
        operation_id=notification.operation_id,
        reference=notification.reference,
        own_reference=notification.own_reference,
        amount=notification.amount,
    )
