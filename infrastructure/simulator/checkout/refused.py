"""Checkout.com refuses a request itself with a status and, for 422, with the codes of the request's faults."""


class Refused(Exception):
    """A refused request; the statuses 401, 403 and 404 have no body."""

    def __init__(self, http_status: int, *error_codes: str) -> None:
        super().__init__(http_status, *error_codes)
        self.http_status = http_status
        self.error_codes = list(error_codes)
