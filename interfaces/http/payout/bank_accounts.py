"""/v1/bank_accounts: where a merchant's money is paid out to."""

from typing import Annotated, Any, assert_never

import msgspec
from litestar import Controller, MediaType, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from msgspec import Meta, Struct

from application.payout.bank_accounts import BankAccountNotFound
from domain.bank_account.add import AddBankAccount
from domain.bank_account.details import (
    BankDetails,
    GbSortCode,
    Iban,
    InIfsc,
    Scheme,
    UsAch,
)
from domain.identifiers import BankAccountId, MerchantId
from interfaces import ids
from interfaces.http.payment.intents import Currency, IdempotencyKeyField
from interfaces.http.server.body import decode
from interfaces.http.server.caller import AuthenticatedRequest, caller_of
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.fresh import WaitForPosition, wait_for_position
from interfaces.http.server.parameters import behind
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
from projections.payout import bank_accounts
from projections.payout.bank_accounts import BANK_ACCOUNTS

PAGE_ACCOUNTS_MAX = 100
TITLES = {
    404: "No such bank account, or not yours",
    422: "No bank would take it, or the key belongs to another request",
}
_TEXT = r"^[^\x00-\x1f\x7f]*$(?!\n)"
AccountText = Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT)]


class IbanBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.IBAN.value):
    """`iban` may be grouped with spaces. `bic` can be left out: in SEPA the IBAN alone finds the bank."""

    iban: Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT, examples=["DE89 3704 0044 0532 0130 00"])]
    bic: Annotated[str, Meta(min_length=1, max_length=16, pattern=_TEXT, examples=["COBADEFFXXX"])] | None = None


class UsAchBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.US_ACH.value):
    """A checking account at a bank in the United States."""

    routing_number: AccountText
    account_number: AccountText


class InIfscBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.IN_IFSC.value):
    """An account at a bank in India."""

    ifsc: AccountText
    account_number: AccountText


class GbSortCodeBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.GB_SORT_CODE.value):
    """An account at a bank in the United Kingdom; `sort_code` may be grouped with hyphens."""

    sort_code: AccountText
    account_number: AccountText


DetailsBody = IbanBody | UsAchBody | InIfscBody | GbSortCodeBody


class AddBankAccountBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """`country` is where the account is. `holder_name` has to be spelt in Latin, Greek or Cyrillic letters; a bank file
    has it in basic Latin ones, at most 70 of them."""

    holder_name: Annotated[str, Meta(min_length=1, max_length=140, pattern=_TEXT, examples=["Müller & Söhne GmbH"])]
    currency: Currency
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", examples=["DE"])]
    details: DetailsBody
    merchant_id: str | None = None
    idempotency_key: IdempotencyKeyField | None = None


class BankAccountController(Controller):
    path = "/v1/bank_accounts"
    tags = ("Bank accounts",)

    @post(
        "/",
        operation_id="add_bank_account",
        summary="Add a bank account",
        operation_class=accepts(AddBankAccountBody),
        responses=replies(201, BankAccountResource, "The bank account", 403, 413, 422, titles=TITLES),
    )
    async def add(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], body: RawBody
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
            details=_details(asked.details),
        )
        added = await services.bank_accounts.add(command, caller)
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
        before = behind(cursor, ids.BANK_ACCOUNT)
        reached = await wait_for_position(services, BANK_ACCOUNTS, position)
        async with services.reader() as connection:
            rows = await bank_accounts.of_merchant(
                connection, request.user.merchant_id, rows_max=limit + 1, before=before
            )
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
        self, request: AuthenticatedRequest, services: NamedDependency[Services], bank_account_id: FromPath[str]
    ) -> Response[Any]:
        """Never behind."""
        loaded = await services.bank_accounts.get(_id_of(bank_account_id), request.user.merchant_id)
        return resource(bank_account_resource(loaded), loaded.position)

    @delete(
        "/{bank_account_id:str}",
        operation_id="remove_bank_account",
        summary="Remove a bank account",
        responses=replies(200, BankAccountResource, "The bank account", 404, 409, titles=TITLES),
        status_code=200,
    )
    async def remove(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], bank_account_id: FromPath[str]
    ) -> Response[Any]:
        """Nothing more is paid out to it; what is under way goes on. Removing it again changes nothing."""
        caller = caller_of(request, None, None, key_needed=False)
        loaded = await services.bank_accounts.remove(_id_of(bank_account_id), caller)
        return resource(bank_account_resource(loaded), loaded.position)


def _details(asked: DetailsBody) -> BankDetails:
    match asked:
        case IbanBody(iban=iban, bic=bic):
            return Iban(iban=iban, bic=bic)
        case UsAchBody(routing_number=routing_number, account_number=number):
            return UsAch(routing_number=routing_number, account_number=number)
        case InIfscBody(ifsc=ifsc, account_number=number):
            return InIfsc(ifsc=ifsc, account_number=number)
        case GbSortCodeBody(sort_code=sort_code, account_number=number):
            return GbSortCode(sort_code=sort_code, account_number=number)
        case _:
            assert_never(asked)


def _id_of(text: str) -> BankAccountId:
    """Raises BankAccountNotFound for text that is no such id."""
    uuid = ids.parse(text, ids.BANK_ACCOUNT)
    if uuid is None:
        raise BankAccountNotFound()
    return BankAccountId(uuid)
