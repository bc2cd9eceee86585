"""/v1/operator/dead_letters: dead letters, listed, retried and closed."""

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from msgspec import Struct

from application.dead_letter.commands import DeadLetterNotFound, DeadLetters
from application.webhook_in.inbox import DeliveryArchive
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterState
from domain.identifiers import DeadLetterId
from interfaces import ids
from interfaces.http.operator.bodies import CloseBody
from interfaces.http.server.body import decode
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.operators import OperatorRequest, operator_cause
from interfaces.http.server.parameters import cursor_uuid, member_named
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.dead_letter import DeadLetterDetail, DeadLetterPage, letter_detail, letter_resource
from projections.dead_letter.dead_letters import DEAD_LETTERS, find, search

PAGE_LETTERS_MAX = 100
TITLES = {
    401: "No valid operator's key",
    403: "An auditor only looks",
    404: "No such dead letter, or not an operator's key",
    409: "The dead letter is closed or resolved",
}


class Accepted(Struct, frozen=True, kw_only=True):
    """What was asked is recorded; what comes of a retry shows in the letter's `state`."""

    dead_letter_id: str


class DeadLetterController(Controller):
    path = "/v1/operator/dead_letters"
    tags = ("Operators",)
    dependencies = parts(dead_letters=DeadLetters, deliveries=DeliveryArchive)

    @get(
        "/",
        operation_id="list_dead_letters",
        summary="What was given up",
        responses=replies(200, DeadLetterPage, "A page of dead letters", 404, titles=TITLES),
    )
    async def search(
        self,
        services: NamedDependency[Services],
        in_state: Annotated[str | None, QueryParameter(name="state", schema_extra={"enum": [*DeadLetterState]})] = None,
        kind: Annotated[str | None, QueryParameter(schema_extra={"enum": [*DeadLetterKind]})] = None,
        cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LETTERS_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the dead_letters view."""
        state, about = member_named(DeadLetterState, "state", in_state), member_named(DeadLetterKind, "kind", kind)
        before = cursor_uuid(cursor, ids.DEAD_LETTER)
        reached = await wait_for_position(services, DEAD_LETTERS, position)
        async with services.reader() as connection:
            rows = await search(connection, rows_max=limit + 1, before=before, state=state, kind=about)
        page = list(map(letter_resource, rows[:limit]))
        more = page[-1].dead_letter_id if len(rows) > limit else None
        return resource(DeadLetterPage(dead_letters=page, next_cursor=more), reached)

    @get(
        "/{letter_id:str}",
        operation_id="get_dead_letter",
        summary="One dead letter, with what it is about",
        responses=replies(200, DeadLetterDetail, "The dead letter", 404, titles=TITLES),
    )
    async def show(
        self,
        services: NamedDependency[Services],
        deliveries: NamedDependency[DeliveryArchive],
        letter_id: FromPath[str],
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """With the raw delivery: its body as text where it is text, base64 where not."""
        reached = await wait_for_position(services, DEAD_LETTERS, position)
        async with services.reader() as connection:
            row = await find(connection, letter_id_of(letter_id))
        if row is None:
            raise DeadLetterNotFound()
        return resource(await letter_detail(row, deliveries), reached)

    @post(
        "/{letter_id:str}/retry",
        operation_id="retry_dead_letter",
        summary="Have it tried again",
        responses=replies(200, Accepted, "It is tried again, soon", 403, 404, 409, titles=TITLES),
        status_code=200,
    )
    async def retry(
        self, request: OperatorRequest, dead_letters: NamedDependency[DeadLetters], letter_id: FromPath[str]
    ) -> Response[Any]:
        """Only one that is open, or still being retried."""
        await dead_letters.retry(letter_id_of(letter_id), operator_cause(request))
        return resource(Accepted(dead_letter_id=letter_id))

    @post(
        "/{letter_id:str}/close",
        operation_id="close_dead_letter",
        summary="Do nothing more about it",
        operation_class=accepts(CloseBody, keyed=False),
        responses=replies(200, Accepted, "It is closed", 403, 404, 409, 413, 422, titles=TITLES),
        status_code=200,
    )
    async def close(
        self,
        request: OperatorRequest,
        dead_letters: NamedDependency[DeadLetters],
        letter_id: FromPath[str],
        body: RawBody,
    ) -> Response[Any]:
        """For a reason, which is kept with who gave it."""
        cause = operator_cause(request)
        await dead_letters.close(letter_id_of(letter_id), decode(CloseBody, body).reason, cause)
        return resource(Accepted(dead_letter_id=letter_id))


def letter_id_of(text: str) -> DeadLetterId:
    """The id in a path. Raises DeadLetterNotFound for other text."""
    uuid = ids.parse(text, ids.DEAD_LETTER)
    if uuid is None:
        raise DeadLetterNotFound()
    return DeadLetterId(uuid)
