"""Structured logs: one JSON object a line, with the request's ids, and never a secret, a key or a card number."""

import json
import logging
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import msgspec
import structlog
from structlog.typing import ExcInfo

from domain.card_data import holds_card_number
from domain.card_issuers import DIGITS_MIN
from domain.errors import described
from domain.redaction import REDACTED, cut, is_secret_name, redacted
from infrastructure.observability.log_sink import LogSink

TEXT_CHARACTERS_MAX: Final = 16_384
"""The length of one value of a log line, such as a traceback; the rest is cut off before secrets are looked for."""

STANDARD_ERROR: Final = 2
_SHORTER_THAN_CARDS: Final = 10 ** (DIGITS_MIN - 1)
Event = MutableMapping[str, Any]
_TIMESTAMP = structlog.processors.TimeStamper(fmt="iso", utc=True)


class _ToSink(logging.Handler):
    """The standard library's records, as lines of the same sink."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self._sink.write(line.encode(errors="backslashreplace") + b"\n")


def configure_logs(*, level: str = "INFO", descriptor: int = STANDARD_ERROR) -> LogSink:
    """Send every logger of this process, the standard library's and structlog's, to standard error as JSON lines."""
    sink = LogSink(descriptor)
    handler = _ToSink(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                _TIMESTAMP,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_traceback),
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("nats", "psycopg", "psycopg.pool", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # For what is said once a request: structlog's own way takes a fifth of the time.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            redact,
            # After the redaction, which need not examine them.
            structlog.processors.add_log_level,
            _TIMESTAMP,
            _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", sink)),
        cache_logger_on_first_use=True,
    )
    return sink


def _as_json(_logger: object, _method: str, event: Event) -> bytes:
    try:
        return msgspec.json.encode(event, enc_hook=repr)
    except UnicodeEncodeError:  # half a character, from a request: it is escaped
        return json.dumps(event, default=repr).encode()


def _traceback(exc_info: ExcInfo) -> str:
    """The places and kinds of a failure and its causes, the first cause first. A message is shown only where it quotes
    no data: events hold secrets of merchants and their customers."""
    _, error, _ = exc_info
    told: list[str] = []
    following: BaseException | None = error
    while following is not None:
        frames = "".join(traceback.format_tb(following.__traceback__))
        told.append(f"Traceback (most recent call last):\n{frames}{described(following)}")
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\n\nand then\n\n".join(reversed(told))


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Redact values that are named like a secret, or look like a secret or a card number, at any depth."""
    return {_clean_name(name): _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: object) -> object:
    if is_secret_name(name):
        return REDACTED
    match value:
        case str():
            return _clean_text(value)
        case int():
            return value if abs(value) < _SHORTER_THAN_CARDS or not holds_card_number(str(value)) else REDACTED
        case None | float() | UUID() | datetime():
            return value
        case Mapping():
            return {_clean_text(str(key)): _clean(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(name, item) for item in value]
        case _:
            return _clean_text(repr(value))


@lru_cache(maxsize=1024)
def _clean_name(name: str) -> str:
    return _clean_text(name)


def _clean_text(text: str) -> str:
    return redacted(cut(text, TEXT_CHARACTERS_MAX))
