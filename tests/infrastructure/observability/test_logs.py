"""Redaction: what is named like a secret or looks like one never leaves, however deep it stands."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from domain.redaction import REDACTED
from infrastructure.observability.logs import TEXT_CHARACTERS_MAX, configure_logs, redact
from tests.support.secrets import NAMED_SECRETS, SECRETS


def redacted(**event: Any) -> dict[str, Any]:
    return dict(redact(None, "info", event))


@pytest.mark.parametrize(
    "name", ["authorization", "Authorization", "secret", "client_secret", "password", "api_key", "token", "cvc", "card"]
)
def test_a_value_named_like_a_secret_is_taken_out(name: str) -> None:
    assert redacted(**{name: "harmless"}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["event", "request_id", "trace_id", "path", "status", "merchant_id", "key_id"])
def test_what_is_needed_to_find_a_request_stays(name: str) -> None:
    assert redacted(**{name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key tsk_abc-DEF_1 refused", f"key {REDACTED} refused"),
        ("Authorization: Bearer abc.def", f"Authorization: {REDACTED}"),
        ("postgresql://tally:s3cret@127.0.0.1:5432/db", f"postgresql://{REDACTED}@127.0.0.1:5432/db"),
        ("paid with 4242 4242 4242 4242", REDACTED),
        ("4242424242424242", REDACTED),
        ("payment pay_01h455vb4pex5vsknk084sn02q captured", "payment pay_01h455vb4pex5vsknk084sn02q captured"),
    ],
)
def test_text_that_looks_like_a_secret_is_taken_out(text: str, left: str) -> None:
    assert redacted(event=text) == {"event": left}


def test_secrets_are_found_however_deep_they_stand() -> None:
    assert redacted(body={"method": {"token": "tok_visa"}, "notes": ["tsk_abc", {"n": "4242424242424242"}]}) == {
        "body": {"method": {"token": REDACTED}, "notes": [REDACTED, {"n": REDACTED}]}
    }


def test_a_card_number_is_taken_out_of_a_traceback() -> None:
    traceback = "Traceback (most recent call last):\n  ...\nValueError: 4242424242424242 is no token"
    assert redacted(exception=traceback) == {"exception": REDACTED}


def test_what_is_no_text_stays_as_it_is() -> None:
    assert redacted(status=200, ms=1.25, replayed=True, cause=None) == {
        "status": 200,
        "ms": 1.25,
        "replayed": True,
        "cause": None,
    }


class Written:
    """A file in the place of standard error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def getvalue(self) -> str:
        return self.path.read_text()


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Written]:
    """What is logged, in place of standard error."""
    root = logging.getLogger()
    handlers, level, written = root.handlers, root.level, Written(tmp_path / "log")
    with written.path.open("wb") as log:
        configure_logs(descriptor=log.fileno())
        yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_logged_failure_says_where_and_why_and_quotes_nothing(lines: Written) -> None:
    try:
        try:
            int("DE02120300000000202051")
        except ValueError as error:
            raise AssertionError("no number") from error
    except AssertionError:
        logging.getLogger("tests").exception("delivery_failed", extra={"delivery_id": "1"})
    line = json.loads(lines.getvalue())
    assert line["event"] == "delivery_failed"
    assert "ValueError at test_logs.py:" in line["exception"]
    assert line["exception"].endswith("AssertionError: no number")
    assert "DE02120300000000202051" not in lines.getvalue().replace('int(\\"DE02120300000000202051\\")', "")


EVERY_SECRET = {name: ("{}", secret) for name, secret in SECRETS.items()} | NAMED_SECRETS


class Connection:
    """Something that a careless line of code logs as it is."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return f"<Connection {self._url}>"


@pytest.mark.parametrize(("text", "secret"), EVERY_SECRET.values(), ids=EVERY_SECRET)
def test_no_secret_is_logged_whichever_way_it_comes(lines: Written, text: str, secret: str) -> None:
    said, logger = text.format(secret), logging.getLogger("tests")
    logger.info("it says " + said)
    logger.info("it says %s and %r", said, (said,))
    logger.info("it says %(what)s", {"what": said})
    logger.info("said", extra={"what": said, "path": f"/v1/{said}?q={said}", said: "a name"})
    logger.info("said", extra={"deep": {"er": [said, {said: {said}}]}, "bytes": said.encode()})
    logger.info("said", extra={"connection": Connection(said), "error": OSError(said), "type": (Connection(said),)})
    try:
        raise ConnectionError(said)
    except ConnectionError:
        logger.exception("failed")
    written = lines.getvalue()
    assert secret not in written
    assert len(written.splitlines()) == 7
    assert all(REDACTED in line for line in written.splitlines())


def test_a_card_number_that_is_a_number_is_not_logged() -> None:
    assert redacted(amount=4242424242424242, position=1042) == {"amount": REDACTED, "position": 1042}


def test_a_value_without_end_is_cut() -> None:
    [left] = redacted(body="x " * 1_000_000).values()
    assert len(left) <= TEXT_CHARACTERS_MAX + 1
