"""How Checkout.com says no to a request itself: a status, and for 422 the codes of what is wrong with it."""


class Refused(Exception):
    """401, 403 and 404 come without a body."""

    def __init__(self, http_status: int, *error_codes: str) -> None:
        super().__init__(http_status, *error_codes)
        self.http_status = http_status
        self.error_codes = list(error_codes)
