"""A dialect of webhooks for the simulator's charges in which a test can say anything: `python -m tests.support.notary`
is `tallystick` with it.

Signed as Stripe does it: `Notary-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`, good for 300 seconds.
"""

import hashlib
import hmac
import re
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from application.provider.webhook import (
    Notification,
    NotificationUnreadable,
    SignatureInvalid,
    SignatureStale,
    Unhandled,
)
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Declined, Outcome
from infrastructure.embedded.process import ChildProcess
from infrastructure.provider import registry
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.simulator import client
from interfaces.cli.main import main
from interfaces.runtime.supervisor import Stack

SECRET = "whsec_of_the_tests"
HEADER = "notary-signature"
TOLERANCE_S = 300


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`about` nothing of ours is a kind that is not handled."""

    id: str
    about: str
    approved: bool = True
    operation_id: UUID | None = None
    reference: str | None = None
    own_reference: str | None = None
    amount: Money | None = None


class NotaryNotifications:
    """Implements application.provider.webhook.Notifications."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        match = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", headers.get(HEADER, ""))
        if match is None or not hmac.compare_digest(match[2], _digest(int(match[1]), body)):
            raise SignatureInvalid("not signed")
        if abs(now.timestamp() - int(match[1])) > TOLERANCE_S:
            raise SignatureStale("too old")

    def read(self, body: bytes) -> Notification | Unhandled:
        try:
            news = msgspec.json.decode(body, type=News)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotificationUnreadable(str(error)) from None
        if news.about not in list(OperationKind):
            return Unhandled(event_id=news.id, kind=news.about)
        outcome: Outcome = (
            Approved(news.own_reference or news.reference or "ch")
            if news.approved
            else Declined("card_declined", "No.")
        )
        return Notification(
            event_id=news.id,
            about=OperationKind(news.about),
            outcome=outcome,
            operation_id=None if news.operation_id is None else OperationId(news.operation_id),
            reference=news.reference,
            own_reference=news.own_reference,
            amount=news.amount,
        )


class NotarizedStack(Stack):
    """The whole system, whose simulator is believed to send the notary's webhooks."""

    def process(self, name: str, arguments: list[str], **environment: str) -> ChildProcess:
        command = [sys.executable, "-m", "tests.support.notary", *arguments]
        return ChildProcess(name, command, log=self.logs / f"{name}.log", env=self.environment | environment)


def signed(body: bytes, *, at_s: float | None = None) -> dict[str, str]:
    """The header of a delivery that is signed now, or was then."""
    seconds = int(time.time() if at_s is None else at_s)
    return {HEADER: f"t={seconds},v1={_digest(seconds, body)}"}


def _digest(seconds: int, body: bytes) -> str:
    return hmac.new(SECRET.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()


def connect(account: ProviderAccount) -> Connector:
    return replace(client.connect(account), notifications=NotaryNotifications())


if __name__ == "__main__":
    registry.CONNECTORS["simulator"] = connect  # type: ignore[index]
    main()
