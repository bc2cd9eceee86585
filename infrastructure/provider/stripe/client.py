"""Every failed call to Stripe is an outcome, and this client never sends an operation twice."""

from typing import Final

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.payment.outcome import Mismatched, Rejected, Unavailable, Unknown
from infrastructure.provider.connector import AccountInvalid, Connector, ProviderAccount
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.performing import PerformingProvider
from infrastructure.provider.stripe import translate
from infrastructure.provider.stripe.listing import StripeListing
from infrastructure.provider.stripe.notifications import StripeNotifications
from infrastructure.provider.stripe.translate import Call

PAGES_MAX: Final = 100
"""The largest number of pages that a lookup reads.

A longer list means that some thousand payments were made since the payment in question; the lookup is then given up.
"""


class StripeProvider(PerformingProvider):
    """Stripe as an `application.provider.port.Provider`; the constructor needs a running event loop."""

    capabilities = translate.CAPABILITIES

    def __init__(self, base_url: str, secret_key: str, *, timeout_s: float = 10.0) -> None:
        super().__init__(HttpCalls(base_url, timeout_s=timeout_s))
        self._headers = {"Authorization": f"Bearer {secret_key}", "Stripe-Version": translate.API_VERSION}
        self.listing = StripeListing(self._calls, self._headers)

    async def _look_up(self, request: ProviderRequest) -> Interpretation | None:
        match request:
            case AuthorizeRequest() | RefundRequest():
                return await self._search(request)
            case CaptureRequest() | VoidRequest():
                answer = await self._calls.look(translate.intent_path(request.reference), self._headers)
                if isinstance(answer, Unknown):
                    return Interpretation(answer)
                return translate.looked_up(request, answer.http_status, answer.body)

    async def _search(self, request: AuthorizeRequest | RefundRequest) -> Interpretation | None:
        """Search the whole list for the operation; None where the list does not contain it.

        The list is read to its end even after a match: an operation that was carried out twice gives no valid outcome.
        """
        found: tuple[Interpretation, ...] = ()
        after = None
        for _ in range(PAGES_MAX):
            answer = await self._calls.look(translate.list_path(request, after), self._headers)
            if isinstance(answer, Unknown):
                return Interpretation(answer)
            page = translate.page(request, answer.http_status, answer.body)
            if isinstance(page, Unknown):
                return Interpretation(page)
            found += page.found
            after = page.after
            if after is None:
                break
        else:
            return Interpretation(Unknown(f"not within {PAGES_MAX} pages of what Stripe lists"))
        if len(found) > 1:
            return Interpretation(Mismatched(f"Stripe has carried the operation out {len(found)} times"))
        return found[0] if found else None

    async def _perform(self, request: ProviderRequest) -> Interpretation:
        match translate.call(request):
            case Call(path=path, key=key, body=body):
                form = {"Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
                answer = await self._post(path, body, self._headers | form)
            case Rejected() as refused:
                return Interpretation(refused)
        match answer:
            case Answer(http_status=http_status, body=said):
                return translate.outcome(request, http_status, said)
            case Unavailable() | Unknown():
                return Interpretation(answer)

    def _was_never_begun(self, refused: Answer) -> bool:
        return translate.was_never_begun(refused.http_status, refused.body)


def connect(account: ProviderAccount) -> Connector:
    """The connector of a Stripe account. Raises AccountInvalid.

    Required credentials: `secret_key` (sk_… or a restricted rk_…) and `webhook_secret` (whsec_…).
    """
    secret_key = account.credential("secret_key")
    if not (secret_key.isascii() and secret_key.isprintable()):
        raise AccountInvalid(f"provider {account.name}: credentials.secret_key cannot be sent in a header")
    provider = StripeProvider(account.url, secret_key, timeout_s=account.timeout_s)
    notifications = StripeNotifications(account.credential("webhook_secret"))
    return Connector(provider=provider, notifications=notifications, aclose=provider.aclose, listing=provider.listing)
