"""What a refused command is: a typed error that carries the facts of the refusal, and knows no HTTP."""

from dataclasses import dataclass
from typing import Any, dataclass_transform


@dataclass_transform(kw_only_default=True)
class DomainError(Exception):
    """Base of every refusal; a subclass declares its facts as annotated fields."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(kw_only=True, eq=False)(cls)

    def __str__(self) -> str:
        return repr(self)
