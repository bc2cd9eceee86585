"""A refusal is a typed error that carries the facts of the refusal, and knows no HTTP."""

import re
import traceback
from dataclasses import dataclass
from typing import Any, dataclass_transform

import msgspec


@dataclass_transform(kw_only_default=True)
class DomainError(Exception):
    """Base of every refusal; a subclass declares its facts as annotated fields."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(kw_only=True, eq=False)(cls)

    def __str__(self) -> str:
        return repr(self)


_OURS = frozenset({"domain", "application", "projections", "infrastructure", "interfaces"})
_FIELD = re.compile(r"`(\$[^`]*)`$")


def described(error: BaseException) -> str:
    """The failure as logs and records may have it: its kind, and its message unless that may quote the data.

    Messages of a library, and of Python itself, may quote a value (`ValueError`) or a whole row of a table
    (`IntegrityError`): the field's name or the line of code stands in their place, where it is known.
    """
    if isinstance(error, DomainError):
        return str(error)
    kind = type(error).__name__
    if _speaks_of_no_content(error):
        return f"{kind}: {error}" if str(error) else kind
    if isinstance(error, msgspec.ValidationError) and (field := _FIELD.search(str(error))):
        return f"{kind} at {field[1]}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return kind
    *_, file = frames[-1].filename.rpartition("/")
    return f"{kind} at {file}:{frames[-1].lineno}"


def _speaks_of_no_content(error: BaseException) -> bool:
    """Whether the message quotes no data: our own errors, the operating system's, and those that PEP 249 calls a
    database driver's errors of operation."""
    kinds = type(error).__mro__
    is_ours = kinds[0].__module__.partition(".")[0] in _OURS
    of_operation = any(kind.__name__ == "OperationalError" for kind in kinds)
    return is_ours or of_operation or isinstance(error, AssertionError | OSError)
