"""/v1/payment_intents: a merchant creates a payment, and confirms it."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from application.payment.commands import Payments
from domain.identifiers import CustomerId, MerchantId
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.method import PaymentMethod
from interfaces import ids
from interfaces.http.payment.bodies import CancelIntentBody, ConfirmIntentBody, CreateIntentBody
from interfaces.http.payment.reading import read_payment
from interfaces.http.server.body import decode
from interfaces.http.server.caller import AuthenticatedRequest, caller_of
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.parameters import AsOfParameter
from interfaces.http.server.parts import parts
from interfaces.http.server.reply import answered, payment_id_of, resource
from interfaces.http.server.services import Services
from interfaces.resources.payment import PaymentResource, payment_resource
from interfaces.resources.refusals import OtherMerchant


class PaymentIntentController(Controller):
    path = "/v1/payment_intents"
    tags = ("Payment intents",)
    dependencies = parts(payments=Payments)

    @post(
        "/",
        operation_id="create_payment_intent",
        summary="Create a payment",
        operation_class=accepts(CreateIntentBody, key_needed=True),
        responses=replies(201, PaymentResource, "The payment", 403, 409, 413, 422),
    )
    async def create(
        self, request: AuthenticatedRequest, payments: NamedDependency[Payments], body: RawBody
    ) -> Response[Any]:
        """Needs an idempotency key. With `confirm: true` it goes to a provider at once, and the reply says what came
        of it: a payment that is `processing` has an outcome that is not known yet."""
        asked = decode(CreateIntentBody, body)
        if asked.merchant_id not in (None, request.user.merchant_id):
            raise OtherMerchant()
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=True)
        command = CreatePayment(
            merchant_id=MerchantId(request.user.merchant_id),
            customer_id=CustomerId(asked.customer_id),
            amount=Money(asked.amount, asked.currency),
            method=PaymentMethod(
                asked.payment_method.type,
                asked.payment_method.token,
                asked.payment_method.brand,
                asked.payment_method.country,
            ),
            capture_method=asked.capture_method,
            return_url=asked.return_url,
        )
        return answered(await payments.create(command, caller, confirmed=asked.confirm))

    @get(
        "/{intent_id:str}",
        operation_id="get_payment_intent",
        summary="A payment intent, now or as it was",
        responses=replies(200, PaymentResource, "The payment", 404),
    )
    async def get_one(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        intent_id: FromPath[str],
        as_of: AsOfParameter = None,
    ) -> Response[Any]:
        """The same as the payment of the same id: folded from its own events at this moment, never behind."""
        payment_id = payment_id_of(intent_id, ids.INTENT, ids.PAYMENT)
        return await read_payment(services, request.user.merchant_id, payment_id, as_of)

    @post(
        "/{intent_id:str}/confirm",
        operation_id="confirm_payment_intent",
        summary="Send a payment to a provider",
        operation_class=accepts(ConfirmIntentBody, required=False),
        responses=replies(200, PaymentResource, "The payment", 404, 409, 413, 422),
        status_code=200,
    )
    async def confirm(
        self,
        request: AuthenticatedRequest,
        payments: NamedDependency[Payments],
        body: RawBody,
        intent_id: FromPath[str],
    ) -> Response[Any]:
        """Only a payment that is `requires_confirmation` can be confirmed, and only once."""
        asked = decode(ConfirmIntentBody, body)
        payment_id = payment_id_of(intent_id, ids.INTENT, ids.PAYMENT)
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=False)
        return answered(await payments.confirm(payment_id, caller))

    @post(
        "/{intent_id:str}/cancel",
        operation_id="cancel_payment_intent",
        summary="Give a payment up before any money is reserved",
        operation_class=accepts(CancelIntentBody, required=False, key_needed=True),
        responses=replies(200, PaymentResource, "The payment", 404, 409, 413, 422),
        status_code=200,
    )
    async def cancel(
        self,
        request: AuthenticatedRequest,
        payments: NamedDependency[Payments],
        body: RawBody,
        intent_id: FromPath[str],
    ) -> Response[Any]:
        """For a payment that is `requires_confirmation` or `requires_action`. Of the latter the attempt is canceled at
        the provider first: once the reply says `canceled` (or `voided`, where the customer approved at that very
        moment and the funds were released again), the customer is not charged. A customer who was faster makes it a
        409 that names the status. Needs an idempotency key."""
        asked = decode(CancelIntentBody, body)
        payment_id = payment_id_of(intent_id, ids.INTENT, ids.PAYMENT)
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=True)
        return answered(await payments.cancel(payment_id, caller, reason=asked.reason))

    @post(
        "/{intent_id:str}/continue",
        operation_id="continue_payment_intent",
        summary="Go on after the customer has acted",
        responses=replies(200, PaymentResource, "The payment", 404),
        status_code=200,
    )
    async def proceed(
        self, request: AuthenticatedRequest, payments: NamedDependency[Payments], intent_id: FromPath[str]
    ) -> Response[Any]:
        """For a payment that is `requires_action`: asks the provider what the customer has done, and answers with the
        payment as it is then. The provider's own notification has the same effect; nothing happens twice."""
        payment_id = payment_id_of(intent_id, ids.INTENT, ids.PAYMENT)
        caller = caller_of(request, None, None, key_needed=False)
        loaded = await payments.proceed(payment_id, caller)
        return resource(payment_resource(loaded), None)
