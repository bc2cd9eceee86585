"""A customer approves or declines on a page with a plain form, which leads back to the merchant."""

from html import escape
from http import HTTPStatus
from typing import Any, Final

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State

from infrastructure.simulator.books import Books
from infrastructure.simulator.charges import Charge, Decision
from infrastructure.simulator.later import act, return_url

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 12vh auto; padding: 0 1rem; }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: .5rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""
FORM: Final = """<p>Charge <code>{charge}</code> in {currency} waits for you.</p>
<form method="post">
<button name="approves" value="true">Approve</button>
<button name="approves" value="false">Decline</button>
</form>"""
APPROVES: Final = {b"approves=true": True, b"approves=false": False}


@get("/v1/charges/{charge_id:str}/challenge")
async def challenge(state: State, charge_id: str) -> Response[str]:
    books: Books = state.books
    charge = books.charge(charge_id)
    if charge is None:
        return _page(books, HTTPStatus.NOT_FOUND, "<p>There is no such charge.</p>")
    if charge.decision is not Decision.REQUIRES_ACTION:
        return _page(books, HTTPStatus.OK, f"<p>This charge is {escape(charge.status)}.</p>")
    return _page(books, HTTPStatus.OK, FORM.format(charge=escape(charge.id), currency=escape(charge.currency)))


@post("/v1/charges/{charge_id:str}/challenge")
async def challenge_form(request: Request[Any, Any, State], charge_id: str) -> Response[str]:
    books: Books = request.app.state.books
    approves = APPROVES.get(await request.body())
    if approves is None:
        return _page(books, HTTPStatus.BAD_REQUEST, "<p>Approve, or decline.</p>")
    decided = act(books, charge_id, approves=approves)
    if not isinstance(decided, Charge):
        return _page(books, HTTPStatus.CONFLICT, f"<p>{escape(decided.message)}</p>")
    back = return_url(books, decided)
    if back is None:
        return _page(books, HTTPStatus.OK, f"<p>This charge is {escape(decided.status)}. You can close this page.</p>")
    return Response("", status_code=HTTPStatus.SEE_OTHER, media_type=MediaType.HTML, headers={"Location": back})


def _page(books: Books, status: HTTPStatus, content: str) -> Response[str]:
    title = f"Payment at {escape(books.options.name)}"
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
    return Response(
        PAGE.format(title=title, content=content), status_code=status, media_type=MediaType.HTML, headers=headers
    )


ROUTES: Final = (challenge, challenge_form)
