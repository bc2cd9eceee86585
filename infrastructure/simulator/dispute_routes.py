"""The dispute API serves the merchant's answers, and lets a test or a demo act as the bank."""

import hashlib
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import MediaType, Request, Response, get, post, put
from litestar.datastructures import State
from litestar.params import HeaderParameter
from msgspec import Meta, Struct

from infrastructure.simulator import disputes
from infrastructure.simulator.books import Books, StoredOperation
from infrastructure.simulator.disputed import ANSWER_WITHIN_S, Dispute, Kind, Status
from infrastructure.simulator.operations import KEY_REUSED, NO_SUCH_CHARGE, error_answer
from infrastructure.simulator.reading import read
from infrastructure.simulator.tokens import Refusal
from infrastructure.simulator.wire import Amount, Text

Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=255)]
HttpRequest = Request[Any, Any, State]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Seconds = Annotated[float, Meta(ge=-86_400, le=365 * 86_400)]

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
WRONG_DIGEST: Final = Refusal("wrong_digest", "The content has another SHA-256.")
AMBIGUOUS: Final = Refusal("ambiguous_charge", "Name the charge: several have this reference.")
REFUSED_AS: Final = {
    disputes.NO_SUCH_DISPUTE: HTTPStatus.NOT_FOUND,
    NO_SUCH_CHARGE: HTTPStatus.NOT_FOUND,
    disputes.DISPUTE_CLOSED: HTTPStatus.CONFLICT,
    disputes.NOT_AN_INQUIRY: HTTPStatus.CONFLICT,
}


class EvidenceItem(Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was uploaded before, named by its digest."""

    sha256: Digest
    kind: Text
    name: Text
    media_type: Text


class EvidenceBody(Struct, frozen=True, forbid_unknown_fields=True):
    files: list[EvidenceItem]


class DisputeBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The charge by id or by the client's reference; without `amount` the whole rest of the charge is disputed."""

    charge: Text | None = None
    reference: Text | None = None
    amount: Amount | None = None
    kind: Kind = Kind.CHARGEBACK
    reason: Text = "fraudulent"
    due_in_s: Seconds = ANSWER_WITHIN_S


class EscalateBody(Struct, frozen=True, forbid_unknown_fields=True):
    due_in_s: Seconds = ANSWER_WITHIN_S


class RuleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The ruling of the bank; `lost` is the lost part in minor units, for a dispute that is lost in part."""

    result: Status
    lost: Amount | None = None


class AmendBody(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Amount


@put("/v1/dispute_files/{sha256:str}", request_max_body_size=FILE_BYTES_MAX)
async def put_file(request: HttpRequest, sha256: str) -> Response[bytes]:
    content = await request.body()
    if hashlib.sha256(content).hexdigest() != sha256:
        return _refused(WRONG_DIGEST)
    _books(request).disputes.put_file(sha256, content)
    return _json(HTTPStatus.OK, msgspec.json.encode({"sha256": sha256}))


@post("/v1/disputes/{dispute_id:str}/evidence")
async def evidence(request: HttpRequest, dispute_id: str, key: Key) -> Response[bytes]:
    body = await read(request, EvidenceBody)
    files = [item.sha256 for item in body.files]
    return _once(
        request, key, "evidence", [dispute_id, *files], lambda books: disputes.submit(books, dispute_id, files)
    )


@post("/v1/disputes/{dispute_id:str}/acceptance")
async def acceptance(request: HttpRequest, dispute_id: str, key: Key) -> Response[bytes]:
    return _once(request, key, "acceptance", [dispute_id], lambda books: disputes.accept(books, dispute_id))


@get("/v1/disputes/{dispute_id:str}")
async def show(request: HttpRequest, dispute_id: str) -> Response[bytes]:
    return _told(_books(request).disputes.dispute(dispute_id) or disputes.NO_SUCH_DISPUTE)


@post("/_control/disputes")
async def dispute(request: HttpRequest) -> Response[bytes]:
    body = await read(request, DisputeBody)
    books = _books(request)
    charges = [body.charge] if body.charge else books.charges_of(body.reference or "")
    if len(charges) != 1:
        return _refused(AMBIGUOUS if charges else NO_SUCH_CHARGE)
    with books.transaction():
        opened = disputes.open_dispute(
            books, charges[0], kind=body.kind, amount=body.amount, reason=body.reason, due_in_s=body.due_in_s
        )
    return _told(opened, HTTPStatus.CREATED)


@post("/_control/disputes/{dispute_id:str}/escalate")
async def escalate(request: HttpRequest, dispute_id: str) -> Response[bytes]:
    body, books = await read(request, EscalateBody), _books(request)
    with books.transaction():
        return _told(disputes.escalate(books, dispute_id, due_in_s=body.due_in_s))


@post("/_control/disputes/{dispute_id:str}/rule")
async def rule(request: HttpRequest, dispute_id: str) -> Response[bytes]:
    body, books = await read(request, RuleBody), _books(request)
    if body.result not in (Status.WON, Status.LOST):
        return _refused(Refusal("no_ruling", "A bank rules won or lost."))
    with books.transaction():
        if body.lost is not None and body.result is Status.LOST:
            return _told(disputes.rule_in_part(books, dispute_id, body.lost))
        return _told(disputes.rule(books, dispute_id, body.result))


@post("/_control/disputes/{dispute_id:str}/amend")
async def amend(request: HttpRequest, dispute_id: str) -> Response[bytes]:
    body, books = await read(request, AmendBody), _books(request)
    with books.transaction():
        return _told(disputes.amend(books, dispute_id, body.amount))


def _once(request: HttpRequest, key: str, operation: str, asked: list[str], act: Any) -> Response[bytes]:
    """The first answer under the key or, for a new key, the effect and its answer in one transaction."""
    books, said = _books(request), msgspec.json.encode((operation, asked))
    with books.transaction():
        stored = books.operation(key)
        if stored is not None:
            if stored.request != said:
                return _json(HTTPStatus.CONFLICT, error_answer(KEY_REUSED))
            return _json(stored.http_status, stored.answer)
        answer = _told(act(books), HTTPStatus.CREATED)
        books.add_operation(key, StoredOperation(operation, said, int(answer.status_code or 0), answer.content))
        return answer


def _told(dispute: Dispute | Refusal, http_status: HTTPStatus = HTTPStatus.OK) -> Response[bytes]:
    return _refused(dispute) if isinstance(dispute, Refusal) else _json(http_status, msgspec.json.encode(dispute))


def _refused(refusal: Refusal) -> Response[bytes]:
    return _json(REFUSED_AS.get(refusal, HTTPStatus.UNPROCESSABLE_ENTITY), error_answer(refusal))


def _json(http_status: int, body: bytes) -> Response[bytes]:
    return Response(body, status_code=http_status, media_type=MediaType.JSON)


def _books(request: HttpRequest) -> Books:
    books: Books = request.app.state.books
    return books


ROUTES: Final = (put_file, evidence, acceptance, show, dispute, escalate, amend, rule)
