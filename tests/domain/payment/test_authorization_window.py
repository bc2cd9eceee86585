"""An authorisation holds for a fixed number of days."""

from datetime import timedelta

from domain.payment.authorization_window import AuthorizationWindow
from tests.support.domain import NOW


def test_an_authorisation_expires_that_many_days_after_its_attempt_started() -> None:
    assert AuthorizationWindow(version="v", days=7).expiry(NOW) == NOW + timedelta(days=7)
