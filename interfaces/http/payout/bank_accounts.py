"""/v1/bank_accounts: the bank accounts that a merchant is paid out to."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, MediaType, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from application.payout.bank_accounts import BankAccountNotFound, BankAccounts
from domain.bank_account.add import AddBankAccount
from domain.identifiers import BankAccountId, MerchantId
from interfaces import ids
from interfaces.http.payout.bodies import AddBankAccountBody, bank_details
from interfaces.http.server.body import decode
from interfaces.http.server.caller import AuthenticatedRequest, caller_of
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.parameters import cursor_uuid
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import REPLAYED_HEADER, resource
from interfaces.http.server.services import Services
from interfaces.resources.bank_account import (
    BankAccountPage,
    BankAccountResource,
    bank_account_resource,
    bank_account_row_resource,
)
from interfaces.resources.position import POSITION_HEADER
from interfaces.resources.refusals import OtherMerchant
from projections.payout.bank_accounts import BANK_ACCOUNTS, of_merchant

PAGE_ACCOUNTS_MAX = 100
TITLES = {
    404: "No such bank account, or not yours",
    422: "No bank would take it, or the key belongs to another request",
}


class BankAccountController(Controller):
    path = "/v1/bank_accounts"
    tags = ("Bank accounts",)
    dependencies = parts(bank_accounts=BankAccounts)

    @post(
        "/",
        operation_id="add_bank_account",
        summary="Add a bank account",
        operation_class=accepts(AddBankAccountBody),
        responses=replies(201, BankAccountResource, "The bank account", 403, 413, 422, titles=TITLES),
    )
    async def add(
        self, request: AuthenticatedRequest, bank_accounts: NamedDependency[BankAccounts], body: RawBody
    ) -> Response[Any]:
        """Its check digits and form are checked; whether it exists, only a bank knows. With an idempotency key, a
        repeat answers with the same account, as it is then."""
        asked = decode(AddBankAccountBody, body)
        if asked.merchant_id not in (None, request.user.merchant_id):
            raise OtherMerchant()
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=False)
        command = AddBankAccount(
            merchant_id=MerchantId(request.user.merchant_id),
            holder_name=asked.holder_name,
            currency=asked.currency,
            country=asked.country,
            details=bank_details(asked.details),
        )
        added = await bank_accounts.add(command, caller)
        headers = {POSITION_HEADER: str(added.loaded.position)}
        if added.replayed:
            headers[REPLAYED_HEADER] = "true"
        content = msgspec.json.encode(bank_account_resource(added.loaded))
        return Response(content, status_code=201, headers=headers, media_type=MediaType.JSON)

    @get(
        "/",
        operation_id="list_bank_accounts",
        summary="All bank accounts",
        responses=replies(200, BankAccountPage, "A page of bank accounts"),
    )
    async def page(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        cursor: Annotated[
            str | None,
            QueryParameter(
                description="`next_cursor` of the page before", schema_extra={"pattern": ids.pattern(ids.BANK_ACCOUNT)}
            ),
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ACCOUNTS_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the bank_accounts view; those that were removed too."""
        before = cursor_uuid(cursor, ids.BANK_ACCOUNT)
        reached = await wait_for_position(services, BANK_ACCOUNTS, position)
        async with services.reader() as connection:
            rows = await of_merchant(connection, request.user.merchant_id, rows_max=limit + 1, before=before)
        page = list(map(bank_account_row_resource, rows[:limit]))
        more = page[-1].bank_account_id if len(rows) > limit else None
        return resource(BankAccountPage(bank_accounts=page, next_cursor=more), reached)

    @get(
        "/{bank_account_id:str}",
        operation_id="get_bank_account",
        summary="One bank account",
        responses=replies(200, BankAccountResource, "The bank account", 404, titles=TITLES),
    )
    async def show(
        self,
        request: AuthenticatedRequest,
        bank_accounts: NamedDependency[BankAccounts],
        bank_account_id: FromPath[str],
    ) -> Response[Any]:
        """Never behind."""
        loaded = await bank_accounts.get(_id_of(bank_account_id), request.user.merchant_id)
        return resource(bank_account_resource(loaded), loaded.position)

    @delete(
        "/{bank_account_id:str}",
        operation_id="remove_bank_account",
        summary="Remove a bank account",
        responses=replies(200, BankAccountResource, "The bank account", 404, 409, titles=TITLES),
        status_code=200,
    )
    async def remove(
        self,
        request: AuthenticatedRequest,
        bank_accounts: NamedDependency[BankAccounts],
        bank_account_id: FromPath[str],
    ) -> Response[Any]:
        """Nothing more is paid out to it; what is under way goes on. Removing it again changes nothing."""
        caller = caller_of(request, None, None, key_needed=False)
        loaded = await bank_accounts.remove(_id_of(bank_account_id), caller)
        return resource(bank_account_resource(loaded), loaded.position)


def _id_of(text: str) -> BankAccountId:
    """The id in a path. Raises BankAccountNotFound for other text."""
    uuid = ids.parse(text, ids.BANK_ACCOUNT)
    if uuid is None:
        raise BankAccountNotFound()
    return BankAccountId(uuid)
