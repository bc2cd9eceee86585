"""How a test or a demo arranges what goes wrong, and acts for the customers; no real provider has this."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import State
from msgspec import Struct

from infrastructure.simulator.books import Books
from infrastructure.simulator.faults import Faults, Percent
from infrastructure.simulator.later import act
from infrastructure.simulator.reading import read


class CustomersBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What share of the customers who are waited for approves."""

    approves_percent: Percent = 100


class CustomersAnswer(Struct, frozen=True):
    """How many charges were approved and declined."""

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


ROUTES: Final = (faults, replace_faults, customers)
