"""A test or a demo sets faults and acts for the customers through this API, which no real provider has."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import QueryParameter
from msgspec import Struct

from infrastructure.simulator.books import Books
from infrastructure.simulator.failed_refund import fail_refund
from infrastructure.simulator.faults import Faults, Percent
from infrastructure.simulator.later import act
from infrastructure.simulator.operations import error_answer
from infrastructure.simulator.reading import read
from infrastructure.simulator.settlement import settlement_file

NEXT_SINCE: Final = "Simulator-Next-Since"
Since = Annotated[int, QueryParameter(ge=0)]
Currency = Annotated[str, QueryParameter(pattern="^[A-Z]{3}$")]
Bank = Annotated[str, QueryParameter(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


class CustomersBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The share of the waiting customers that approve."""

    approves_percent: Percent = 100


class CustomersAnswer(Struct, frozen=True):
    """The numbers of charges that were approved and declined."""

    approved: int
    declined: int


@get("/_control/faults")
async def faults(state: State) -> Faults:
    books: Books = state.books
    return books.dice.faults


@post("/_control/faults", status_code=200)
async def replace_faults(request: Request[Any, Any, State]) -> Faults:
    books: Books = request.app.state.books
    books.dice.replace(await read(request, Faults))
    return books.dice.faults


@post("/_control/customer", status_code=200)
async def customers(request: Request[Any, Any, State]) -> CustomersAnswer:
    books: Books = request.app.state.books
    body = await read(request, CustomersBody)
    waiting = books.waiting()
    approving = {charge_id for charge_id in waiting if books.dice.hits(body.approves_percent)}
    for charge_id in waiting:
        act(books, charge_id, approves=charge_id in approving)
    return CustomersAnswer(len(approving), len(waiting) - len(approving))


@post("/_control/refunds/{refund_id:str}/fail", status_code=200)
async def refund_fails(state: State, refund_id: str) -> Response[bytes]:
    refusal = fail_refund(state.books, refund_id)
    if refusal is not None:
        return Response(error_answer(refusal), status_code=404, media_type=MediaType.JSON)
    return Response(b"{}", media_type=MediaType.JSON)


@get("/_control/settlement")
async def settlement(
    state: State, since: Since = 0, currency: Currency = "EUR", bank: Bank = "settlement"
) -> Response[str]:
    """The settlement of all movements after number `since`; a header gives the `since` of the next settlement."""
    books: Books = state.books
    moved = books.movements(since, currency)
    text = settlement_file(books.options.name, bank, currency, moved, since=since, now=datetime.now(UTC))
    following = str(moved[-1].number if moved else since)
    return Response(text, media_type="text/csv", headers={NEXT_SINCE: following})


ROUTES: Final = (faults, replace_faults, customers, refund_fails, settlement)
