"""Every failed call to Amazon Payment Services is an outcome, and this client never sends an operation twice."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from application.provider.port import ProviderRequest
from domain.payment.outcome import Mismatched, Rejected, Unavailable, Unknown
from infrastructure.provider.aps import translate
from infrastructure.provider.aps.answer import Answer, believed
from infrastructure.provider.aps.lookup import looked_up
from infrastructure.provider.aps.notifications import ApsNotifications
from infrastructure.provider.aps.signature import SIGNATURE, signature
from infrastructure.provider.connector import Connector, ProviderAccount
from infrastructure.provider.http import HttpCalls
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import NotRepresentable
from infrastructure.provider.performing import PerformingProvider

HEADERS = {"Content-Type": "application/json"}


class Credentials(Struct, frozen=True, kw_only=True):
    """The merchant's account at APS; the phrases are the secrets that sign requests and answers."""

    merchant_identifier: str
    access_code: str
    sha_request_phrase: str
    sha_response_phrase: str


class ApsProvider(PerformingProvider):
    """APS as an `application.provider.port.Provider`; the constructor needs a running event loop."""

    capabilities = translate.CAPABILITIES

    def __init__(self, base_url: str, credentials: Credentials, *, timeout_s: float = 10.0) -> None:
        super().__init__(HttpCalls(base_url, timeout_s=timeout_s))
        self._credentials = credentials

    async def _look_up(self, request: ProviderRequest) -> Interpretation | None:
        answer = await self._send(translate.status_asked(request))
        match answer:
            case Answer():
                return looked_up(request, answer)
            case Mismatched():
                return Interpretation(answer)
            case Unavailable(reason=reason) | Unknown(reason=reason):
                return Interpretation(Unknown(f"lookup failed: {reason}"))

    async def _perform(self, request: ProviderRequest) -> Interpretation:
        try:
            asked = translate.asked(request)
        except NotRepresentable as error:
            return Interpretation(Rejected("amount_not_representable", str(error)))
        answer = await self._send(asked)
        if not isinstance(answer, Answer):
            return Interpretation(answer)
        said = translate.said(request, answer)
        if not isinstance(said, translate.AlreadyAsked):
            return said
        found = await self._look_up(request)
        return (
            Interpretation(Unknown("APS says that it has the request, and does not find it"))
            if found is None
            else found
        )

    async def _send(self, asked: Mapping[str, str]) -> Answer | Unavailable | Unknown:
        """The signed answer to `asked`; the HTTP status is ignored, because the answer itself states the result."""
        account = {
            "merchant_identifier": self._credentials.merchant_identifier,
            "access_code": self._credentials.access_code,
        }
        signed = {**asked, **account}
        signed[SIGNATURE] = signature(signed, self._credentials.sha_request_phrase)
        answer = await self._post(translate.PATH, msgspec.json.encode(signed), HEADERS)
        if isinstance(answer, Unavailable | Unknown):
            return answer
        said = believed(answer.body, self._credentials.sha_response_phrase, asked["merchant_reference"])
        if isinstance(said, Unknown):
            return replace(said, reason=f"{said.reason}, HTTP status {answer.http_status}")
        return said


def connect(account: ProviderAccount) -> Connector:
    """The connector of an APS account.

    Required credentials: `merchant_identifier`, `access_code`, `sha_request_phrase` and `sha_response_phrase`. Raises
    AccountInvalid.
    """
    credentials = Credentials(
        merchant_identifier=account.credential("merchant_identifier"),
        access_code=account.credential("access_code"),
        sha_request_phrase=account.credential("sha_request_phrase"),
        sha_response_phrase=account.credential("sha_response_phrase"),
    )
    provider = ApsProvider(account.url, credentials, timeout_s=account.timeout_s)
    notifications = ApsNotifications(credentials.sha_response_phrase)
    return Connector(provider=provider, notifications=notifications, aclose=provider.aclose)
