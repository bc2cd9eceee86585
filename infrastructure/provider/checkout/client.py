"""Every failed call to Checkout.com is an outcome, and this client never sends an operation twice."""

from collections.abc import Sequence
from typing import Final

import msgspec

from application.provider.port import AuthorizeRequest, ProviderRequest
from domain.payment.outcome import Rejected, Unknown
from infrastructure.provider.checkout import translate
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from infrastructure.provider.checkout.translate import TakenOn
from infrastructure.provider.checkout.wire import Action, Payment
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import NotRepresentable
from infrastructure.provider.performing import PerformingProvider

NO_ACTION_YET: Final = Interpretation(Unknown("accepted; no action of the payment shows it yet", accepted=True))


class CheckoutProvider(PerformingProvider):
    """Checkout.com as an `application.provider.port.Provider`; the constructor needs a running event loop.

    An operation that Checkout.com has accepted is looked up once. If it is still in progress then, the outcome is
    Unknown, and the webhook or the recovery brings the final one.
    """

    capabilities = translate.CAPABILITIES

    def __init__(
        self,
        base_url: str,
        secret_key: str,
        *,
        processing_channel_id: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        super().__init__(HttpCalls(base_url, timeout_s=timeout_s))
        self._authorization = {"Authorization": f"Bearer {secret_key}"}
        self._processing_channel_id = processing_channel_id

    async def _look_up(self, request: ProviderRequest) -> Interpretation | None:
        if not isinstance(request, AuthorizeRequest):
            done = await self._actions(request.reference)
            return Interpretation(done) if isinstance(done, Unknown) else translate.moved(request, done)
        answer = await self._calls.look(translate.listing_path(request), self._authorization)
        payment = answer if isinstance(answer, Unknown) else translate.listed(answer.http_status, answer.body)
        if payment is None:
            return None
        return Interpretation(payment) if isinstance(payment, Unknown) else await self._attempted(request, payment)

    async def _perform(self, request: ProviderRequest) -> Interpretation:
        said = await self._asked(request)
        if not isinstance(said, TakenOn):
            return said
        if isinstance(request, AuthorizeRequest):
            assert said.payment is not None
            return await self._attempted(request, said.payment)
        done = await self._actions(request.reference)
        return Interpretation(done) if isinstance(done, Unknown) else translate.moved(request, done) or NO_ACTION_YET

    async def _attempted(self, request: AuthorizeRequest, payment: Payment) -> Interpretation:
        done = await self._actions(payment.id)
        return Interpretation(done) if isinstance(done, Unknown) else translate.attempted(request, payment, done)

    async def _actions(self, payment: str) -> Sequence[Action] | Unknown:
        answer = await self._calls.look(translate.payment_path(payment, "actions"), self._authorization)
        return answer if isinstance(answer, Unknown) else translate.actions(answer.http_status, answer.body)

    def _was_never_begun(self, refused: Answer) -> bool:
        return translate.was_never_begun(refused.http_status, refused.body)

    async def _asked(self, request: ProviderRequest) -> Interpretation | TakenOn:
        try:
            call = translate.call(request, self._processing_channel_id)
        except NotRepresentable as error:
            return Interpretation(Rejected("amount_not_representable", str(error)))
        headers = self._authorization | {"Cko-Idempotency-Key": call.key, "Content-Type": "application/json"}
        answer = await self._post(call.path, msgspec.json.encode(call.body), headers)
        if not isinstance(answer, Answer):
            return Interpretation(answer)
        return translate.answered(request, answer.http_status, answer.body)


def connect(account: ProviderAccount) -> Connector:
    """The connector of a Checkout.com account. Raises AccountInvalid.

    Credentials: `secret_key` (`sk_…`); `webhook_secret`, the signature key of the webhook's workflow;
    `processing_channel_id` (`pc_…`) where the secret key serves several channels.
    """
    provider = CheckoutProvider(
        account.url,
        account.credential("secret_key"),
        processing_channel_id=account.credentials.get("processing_channel_id"),
        timeout_s=account.timeout_s,
    )
    notifications = CheckoutNotifications(account.credentials.get("webhook_secret", ""))
    return Connector(provider=provider, notifications=notifications, aclose=provider.aclose)
