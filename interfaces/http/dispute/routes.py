"""/v1/disputes: disputes of a merchant's payments, and the merchant's answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from litestar import Controller, Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, PathParameter, QueryParameter

from application.dispute.commands import Disputes
from application.dispute.loaded import DisputeNotFound, LoadedDispute, load_dispute
from domain.dispute.events import EvidenceKind
from domain.dispute.refusals import EvidenceTooLarge
from domain.dispute.state import DisputeStatus
from domain.history import Cause
from domain.identifiers import DisputeCaseId
from interfaces import ids
from interfaces.http.server.admission import TAKES_OWN_BODY
from interfaces.http.server.bodies import Bodies, whole_body
from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.capacity import Capacity
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import cursor_uuid, member_named
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.dispute import DisputePage, DisputeResource, dispute_resource, row_resource
from interfaces.resources.refusals import ParameterInvalid
from projections.dispute.disputes import DISPUTES, search

PAGE_DISPUTES_MAX: Final = 100
UPLOADS_MAX: Final = 8
"""Being received at a time, by one process: with evidence of 5 MiB, 40 MiB at most. For one more the longest under way
of the merchant with most of them makes room."""
UPLOADS_IN_HAND_MAX: Final = 12
"""Received, and being checked and kept: one merchant alone comes to 8."""
UPLOAD_WITHIN_S: Final = 60
OCTETS: Final = "application/octet-stream"
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
EvidenceName = Annotated[
    str, PathParameter(schema_extra={"pattern": NAME_PATTERN}, description="A file's name, such as `receipt.pdf`")
]
TITLES: Final[Mapping[int, str]] = {
    404: "No such dispute or evidence, or not yours",
    408: "The evidence did not come in time",
    409: "The dispute's status does not allow it, or the time is over",
    413: "The evidence is too large",
    415: "Evidence of this type is not taken",
    422: "Over a limit, or nothing to hand in",
}


@dataclass
class TakesEvidence(Operation):
    """An operation whose body is a file, of whatever type: generators of clients make one method of it."""

    def __post_init__(self) -> None:
        file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(content={OCTETS: file}, required=True)


class DisputeController(Controller):
    path = "/v1/disputes"
    tags = ("Disputes",)
    dependencies = parts(disputes=Disputes)

    def __init__(self, owner: Router) -> None:
        super().__init__(owner)
        self._uploads = Bodies(within_s=UPLOAD_WITHIN_S, bodies_max=UPLOADS_MAX)
        self._capacity = Capacity(UPLOADS_IN_HAND_MAX)

    @get(
        "/",
        operation_id="list_disputes",
        summary="Disputes",
        responses=replies(200, DisputePage, "A page of disputes"),
    )
    async def find(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        status: Annotated[str | None, QueryParameter(schema_extra={"enum": [*DisputeStatus]})] = None,
        cursor: Annotated[
            str | None,
            QueryParameter(
                description="`next_cursor` of the page before", schema_extra={"pattern": ids.pattern(ids.DISPUTE)}
            ),
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_DISPUTES_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the disputes view, those opened last first."""
        wanted, before = member_named(DisputeStatus, "status", status), cursor_uuid(cursor, ids.DISPUTE)
        reached = await wait_for_position(services, DISPUTES, position)
        async with services.reader() as connection:
            rows = await search(
                connection,
                rows_max=limit + 1,
                merchant_id=request.user.merchant_id,
                status=wanted,
                before=before,
            )
        page = list(map(row_resource, rows[:limit]))
        more = page[-1].dispute_id if len(rows) > limit else None
        return resource(DisputePage(disputes=page, next_cursor=more), reached)

    @get(
        "/{dispute_id:str}",
        operation_id="get_dispute",
        summary="One dispute",
        responses=replies(200, DisputeResource, "The dispute", 404, titles=TITLES),
    )
    async def show(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], dispute_id: FromPath[str]
    ) -> Response[Any]:
        """Folded from the dispute's own events at this moment: never behind."""
        loaded = await load_dispute(services.store, dispute_id_of(dispute_id))
        return _reply(loaded.owned_by(request.user.merchant_id))

    @put(
        "/{dispute_id:str}/evidence/{name:str}",
        operation_id="put_dispute_evidence",
        summary="Add evidence",
        operation_class=TakesEvidence,
        responses=replies(200, DisputeResource, "The dispute", 404, 409, 413, 415, 422, titles=TITLES),
        request_max_body_size=None,
        opt={TAKES_OWN_BODY: True},
    )
    async def put_evidence(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        disputes: NamedDependency[Disputes],
        dispute_id: FromPath[str],
        name: EvidenceName,
        kind: Annotated[str, QueryParameter(schema_extra={"enum": [*EvidenceKind]})] = EvidenceKind.OTHER,
    ) -> Response[Any]:
        """The body is the file itself. Its type is found from its bytes; a `Content-Type` other than
        `application/octet-stream` has to name that very type. Under a name that the dispute has already, it takes
        that one's place. The dispute's `evidence_limits` say what is taken: of this route the API's usual limit does
        not hold."""
        shows = member_named(EvidenceKind, "kind", kind)
        assert shows is not None
        _require_name(name)
        case_id = dispute_id_of(dispute_id)
        loaded = (await load_dispute(services.store, case_id)).owned_by(request.user.merchant_id)
        bytes_max = loaded.dispute.case.evidence_limits.file_bytes_max
        merchant_id = request.user.merchant_id
        content = await self._uploads.read(
            merchant_id,
            lambda: whole_body(
                request.scope, request.receive, bytes_max=bytes_max, too_large=EvidenceTooLarge(bytes_max=bytes_max)
            ),
        )
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        with self._capacity.one(merchant_id):
            after = await disputes.add_evidence(
                case_id,
                merchant_id=merchant_id,
                kind=shows,
                name=name,
                media_type=None if media_type in ("", OCTETS) else media_type,
                content=content,
                cause=_cause(request),
            )
        return _reply(after)

    @delete(
        "/{dispute_id:str}/evidence",
        operation_id="delete_dispute_evidence",
        summary="Take evidence back",
        responses=replies(200, DisputeResource, "The dispute", 404, 409, titles=TITLES),
        status_code=200,
    )
    async def delete_evidence(
        self,
        request: AuthenticatedRequest,
        disputes: NamedDependency[Disputes],
        dispute_id: FromPath[str],
        name: Annotated[str, QueryParameter(schema_extra={"pattern": NAME_PATTERN})],
    ) -> Response[Any]:
        """Before it was handed in. That it was there stays on record."""
        after = await disputes.remove_evidence(
            dispute_id_of(dispute_id), name, merchant_id=request.user.merchant_id, cause=_cause(request)
        )
        return _reply(after)

    @post(
        "/{dispute_id:str}/submit",
        operation_id="submit_dispute_evidence",
        summary="Hand the evidence in",
        responses=replies(200, DisputeResource, "The dispute", 404, 409, 422, titles=TITLES),
        status_code=200,
    )
    async def submit(
        self, request: AuthenticatedRequest, disputes: NamedDependency[Disputes], dispute_id: FromPath[str]
    ) -> Response[Any]:
        """All that was added, once. Asked again, it says where the dispute is: no key is needed. While it is not known
        whether the provider has it, the status is `submitting`, and it is asked again by itself."""
        after = await disputes.submit(
            dispute_id_of(dispute_id), merchant_id=request.user.merchant_id, cause=_cause(request)
        )
        return _reply(after)

    @post(
        "/{dispute_id:str}/accept",
        operation_id="accept_dispute",
        summary="Give in",
        responses=replies(200, DisputeResource, "The dispute", 404, 409, titles=TITLES),
        status_code=200,
    )
    async def accept(
        self, request: AuthenticatedRequest, disputes: NamedDependency[Disputes], dispute_id: FromPath[str]
    ) -> Response[Any]:
        """The money is the customer's. This cannot be taken back, and needs no key: asked again it changes nothing."""
        after = await disputes.accept(
            dispute_id_of(dispute_id), merchant_id=request.user.merchant_id, cause=_cause(request)
        )
        return _reply(after)


def dispute_id_of(text: str) -> DisputeCaseId:
    """The id in a path. Raises DisputeNotFound for other text."""
    uuid = ids.parse(text, ids.DISPUTE)
    if uuid is None:
        raise DisputeNotFound()
    return DisputeCaseId(uuid)


def _reply(loaded: LoadedDispute) -> Response[Any]:
    return resource(dispute_resource(loaded), loaded.position)


def _cause(request: AuthenticatedRequest) -> Cause:
    state = request.scope["state"]
    return Cause(actor=f"key:{request.user.key_id}", request_id=state["request_id"], trace_id=state["trace_id"])


def _require_name(name: str) -> None:
    """Raises ParameterInvalid for a name that no file system would take."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise ParameterInvalid(field="name", reason=f"expected a file's name that matches {NAME_PATTERN}")
