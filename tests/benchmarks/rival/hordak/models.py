"""The two tables that the libraries leave to their user: the payment itself, and the idempotency key."""

from django.db import models
from payments.models import BasePayment


class Payment(BasePayment):  # type: ignore[misc]
    """Of django-payments, whose users subclass its base."""

    class Meta:
        app_label = "rival_hordak"


class IdempotencyKey(models.Model):  # type: ignore[misc]
    key = models.CharField(max_length=255, primary_key=True)
    fingerprint = models.BinaryField()
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE)
    answer = models.JSONField(null=True)
    claimed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "rival_hordak"
