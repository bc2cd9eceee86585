"""What a hostile provider says instead of the truth, each as a pure change of the simulator's own words."""

import json
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, NamedTuple

Words = dict[str, Any]


class Lie(StrEnum):
    """One way in which an answer, a look-up or a notice is not what it should be."""

    LATE = "late"
    """The answer comes after everybody has stopped to wait."""
    TWICE = "twice"
    """The answer comes once more on the connection, and so in front of that to the next request."""
    OF_ANOTHER = "of_another"
    """The answer to another request of the same kind."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    AMOUNT = "amount"
    CURRENCY = "currency"
    STATUS = "status"
    """A success that says `declined` in its body."""
    CHARGE = "charge"
    """A movement of another charge."""
    REPEATED_MEMBER = "repeated_member"
    """The amount stands there twice, the last time as another one."""
    COME_AGAIN = "come_again"
    """408, 409, 425 or 429 with an error body, although it was done."""
    NOT_SEEN = "not_seen"
    """A look-up that knows nothing of what was done."""
    DECLINED = "declined"
    """A decline of what was done."""
    APPROVED = "approved"
    """A success, in all its words, of what was declined."""
    MADE_UP_CHARGE = "made_up_charge"
    """A success under a name that the provider itself does not know."""


BELIEVABLE: Final = frozenset({Lie.DECLINED, Lie.APPROVED, Lie.MADE_UP_CHARGE})
"""In an answer or a notice nothing gives these away at once: only what the provider says later does."""

OF_ANSWERS: Final = (
    *(Lie.LATE, Lie.TWICE, Lie.OF_ANOTHER, Lie.CUT, Lie.AMOUNT, Lie.CURRENCY, Lie.STATUS, Lie.CHARGE),
    *(Lie.REPEATED_MEMBER, Lie.COME_AGAIN, Lie.DECLINED, Lie.APPROVED, Lie.MADE_UP_CHARGE),
)
OF_LOOKUPS: Final = (Lie.NOT_SEEN, Lie.DECLINED, Lie.OF_ANOTHER, Lie.AMOUNT, Lie.CURRENCY, Lie.STATUS)
OF_NOTICES: Final = (Lie.AMOUNT, Lie.CURRENCY, Lie.CHARGE, Lie.DECLINED)
COME_AGAIN_STATUSES: Final = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_AMOUNTS: Final = ("amount", "authorized", "captured")


class Said(NamedTuple):
    """An answer as it goes over the wire."""

    http_status: int
    body: bytes

    @property
    def words(self) -> Words:
        decoded: Words = json.loads(self.body)
        return decoded

    @property
    def is_success(self) -> bool:
        return 200 <= self.http_status < 300


def spoiled(lie: Lie, truth: Said, another: Said | None, request: Words, draw: int) -> Said | None:
    """`truth` with `lie`; None where there is nothing in it that this lie could change.

    `another` is an earlier success of the same kind, `request` what was asked for, `draw` any number that varies.
    """
    match lie:
        case Lie.APPROVED:
            return None if truth.is_success or another is None else _approved(another, request, draw)
        case _ if not truth.is_success:
            return None
        case Lie.LATE | Lie.TWICE | Lie.CUT:
            return truth
        case Lie.COME_AGAIN:
            return _error(COME_AGAIN_STATUSES[draw % len(COME_AGAIN_STATUSES)], "come_again", "Not now.")
        case Lie.DECLINED:
            return _error(HTTPStatus.PAYMENT_REQUIRED, "card_declined", "No.")
        case Lie.NOT_SEEN:
            return _error(HTTPStatus.NOT_FOUND, "operation_not_found", "No operation has this key.")
        case Lie.OF_ANOTHER:
            return another
        case Lie.REPEATED_MEMBER:
            return _with_repeated_amount(truth)
        case Lie.AMOUNT | Lie.CURRENCY | Lie.STATUS | Lie.CHARGE | Lie.MADE_UP_CHARGE:
            words = misstated(lie, truth.words, None if another is None else another.words, draw)
            return None if words is None else Said(truth.http_status, _encoded(words))


def spoiled_lookup(lie: Lie, truth: Said, another: Said | None, request: Words, draw: int) -> Said | None:
    """As `spoiled`, of what a look-up found: the answer that the operation was given is inside it."""
    if not truth.is_success or lie in (Lie.NOT_SEEN, Lie.OF_ANOTHER):
        return spoiled(lie, truth, another, request, draw)
    found = truth.words
    changed = spoiled(lie, Said(found["http_status"], _encoded(found["answer"])), None, request, draw)
    if changed is None:
        return None
    answer = {"http_status": changed.http_status, "answer": changed.words}
    return Said(truth.http_status, _encoded(found | answer))


def misstated(lie: Lie, words: Words, another: Words | None, draw: int) -> Words | None:
    """`words` of an answer or a notice with one member wrong; None where they have no such member."""
    match lie:
        case Lie.AMOUNT:
            more = draw % 2
            # Zero says that nothing was taken yet, which is how a charge that was only reserved is told.
            return words | {name: _other_amount(words[name], more) for name in _AMOUNTS if words.get(name)}
        case Lie.CURRENCY:
            return words | {"currency": "CHF" if words["currency"] != "CHF" else "SEK"}
        case Lie.STATUS:
            return words | {"status": "declined"} if "status" in words else None
        case Lie.CHARGE if "charge" in words:
            others = None if another is None else another.get("charge")
            return words | {"charge": others} if others not in (None, words["charge"]) else None
        case Lie.MADE_UP_CHARGE if "charge" not in words:
            return words | {"id": f"ch_{draw:032x}"}
        case _:
            return None


def _other_amount(amount: int, more: int) -> int:
    return amount + 1 if more or amount == 1 else amount // 2


def _approved(another: Said, request: Words, draw: int) -> Said:
    """All that an approval of `request` would say, in the shape of an earlier one."""
    words = another.words
    if "charge" in words:
        changed = {"id": f"mv_{draw:032x}", "amount": request.get("amount", words["amount"])}
        return Said(another.http_status, _encoded(words | changed | {"charge": request["charge"]}))
    amount = request["amount"]
    changed = {
        "id": f"ch_{draw:032x}",
        "reference": request["reference"],
        "currency": request["currency"],
        "status": "captured" if request["capture"] else "authorized",
        "authorized": amount,
        "captured": amount if request["capture"] else 0,
    }
    return Said(another.http_status, _encoded(words | changed))


def _with_repeated_amount(truth: Said) -> Said | None:
    words = truth.words
    name = next((name for name in _AMOUNTS if words.get(name)), None)
    if name is None:
        return None
    return Said(truth.http_status, truth.body.rstrip()[:-1] + b',"%s":%d}' % (name.encode(), words[name] + 1))


def _error(status: HTTPStatus, code: str, message: str) -> Said:
    return Said(status, _encoded({"error": {"code": code, "message": message}}))


def _encoded(words: Words) -> bytes:
    return json.dumps(words, separators=(",", ":")).encode()
